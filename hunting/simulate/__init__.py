"""A simulated tenant: people, mail, attacks, what filtering did, alerts, clicks, and the activity around them.

    people     employees, mailboxes, correspondents          campaigns  scenario -> its copies
    mail       everyday mail; content: what messages hold     zap        what happens after delivery
    email_rows mail -> rows of the e-mail tables              clicks, alerts, teams, world: the tables around them
    scenario   data/scenarios/*.yaml, checked                 values, words: enumerations and vocabularies; draw: seeded draws

Everything is drawn from the seed: the same arguments give tables of equal content.
"""

from hunting.simulate.people import MAILBOXES
from hunting.simulate.run import CampaignSummary, Summary, scenario_folder, simulate
from hunting.simulate.scenario import Scenario, load_scenario, load_scenarios

__all__ = [
    "MAILBOXES",
    "CampaignSummary",
    "Scenario",
    "Summary",
    "load_scenario",
    "load_scenarios",
    "scenario_folder",
    "simulate",
]
