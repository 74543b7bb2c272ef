"""What people and the program do with alerts: raise, take, put off, close. Their calls follow from it."""

from notifier.alerting.desk import OnCallDesk, Raising, oncall_desk
from notifier.alerting.elsewhere import EndedElsewhere
from notifier.alerting.handling import Alerting

__all__ = ["Alerting", "EndedElsewhere", "OnCallDesk", "Raising", "oncall_desk"]
