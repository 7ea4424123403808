"""What must not leave the process: secrets and data of people, in every text and field.

classes      the kinds of what is redacted
keys         names of fields -> class
patterns     values that give themselves away: `emails`, `numbers` (`checks`: check digits and lengths), keys
             of `vendors`, and the rest
pairs        names with their values inside of text (`named_values`: apart from each other)
urls, sql    what these two hold
hiding       what stands in the place of a value (`pseudonym`: the same for the same person)
policy       what a deployment says about it
redactor     all of it, for one line or span
status       the settings as they are shown
"""

from ameide_telemetry.redaction.hiding import Found
from ameide_telemetry.redaction.policy import RedactionPolicy
from ameide_telemetry.redaction.redactor import Redactor, redactor_of
from ameide_telemetry.redaction.status import shown_settings

__all__ = ["Found", "RedactionPolicy", "Redactor", "redactor_of", "shown_settings"]
