"""The small web application inside the daemon: the pages behind the links in alerts, and what Twilio calls.

It only carries out what people say about alerts, through an `AlertDesk`; it decides nothing and stores nothing.
"""
