"""Who wakes the pipeline. An engine only rings bells; what is due is decided by the rows."""
