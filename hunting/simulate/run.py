"""The simulation as a whole: scenarios first, everyday mail hour by hour around them, everything appended in large parts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from hunting.errors import HuntingError
from hunting.simulate.alerts import REPORTED, Alert, campaign_alert, click_alerts, zap_alerts
from hunting.simulate.campaigns import Campaign, campaign_rows, make_campaign
from hunting.simulate.clicks import campaign_clicks, click_rows, everyday_clicks
from hunting.simulate.draw import DAY, HOUR, Ints, Rng, cumulative, rng_for
from hunting.simulate.email_rows import attachment_rows, email_events, latest, post_delivery_rows, url_rows
from hunting.simulate.evidence import alert_rows
from hunting.simulate.mail import Mail, background
from hunting.simulate.people import MAILBOXES, Tenant, identities, mailboxes, make_tenant
from hunting.simulate.scenario import Scenario, load_scenarios
from hunting.simulate.sign_ins import Victims, user_report, victims
from hunting.simulate.values import LOCATIONS, MAILBOX_LOCATIONS
from hunting.simulate.world import surroundings
from hunting.simulate.zap import everyday_events
from kql.errors import closest
from kql.types import Schema

Progress = Callable[[str, int, int], None]
_PART = 100_000  # copies made at a time: bounds the memory
_BUFFER = 200_000  # rows of a table kept before they are appended: large parts make few files


class Store(Protocol):
    """What the simulation needs of a lake."""

    def append(self, table: str, rows: pa.Table, *, schema: Schema | None = None) -> int:
        """Adds rows under KQL column names."""


@dataclass(frozen=True)
class CampaignSummary:
    """A scenario as it came out. `in_mailbox`: copies that are in Inbox or Junk folder at the end; `locations`: at the end."""

    name: str
    kind: str
    copies: int
    messages: int
    sha256: str
    url: str
    alert_id: str
    in_mailbox: int
    locations: dict[str, int]


@dataclass(frozen=True)
class Summary:
    """What was simulated: rows per table, employees, campaigns."""

    tables: dict[str, int]
    employees: int
    campaigns: list[CampaignSummary]


def scenario_folder() -> Path:
    """Where the scenarios lie: inside the installed package, or in data/ of the source tree."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "scenarios"
    return installed if installed.is_dir() else package.parent / "data" / "scenarios"


def simulate(
    lake: Store,
    *,
    messages: int = 100_000,
    days: int = 30,
    seed: int = 1,
    end: datetime,
    scenarios: Sequence[Path] | None = None,
    without: Collection[str] = (),
    progress: Progress | None = None,
) -> Summary:
    """Appends a simulated tenant's tables to the lake.

    Args:
        messages: rows of EmailEvents, that is message and recipient; campaigns are part of them.
        days: how far back the tables go.
        end: aware; the last moment of the simulation, exclusive.
        scenarios: files or folders of campaigns; None means all that are shipped, an empty list none.
        without: names of scenarios to leave out; every other row is as it would be with them.
        progress: told ("messages", done, total).

    Raises:
        HuntingError: an argument or a scenario is wrong, or the scenarios need more messages or days than given.
    """
    if end.tzinfo is None:
        raise HuntingError("'end' has no time zone.", hint="Give an aware datetime.")
    if days < 1 or messages < 0:
        raise HuntingError(f"{messages} messages in {days} days cannot be simulated.", hint="Give at least one day.")
    declared = load_scenarios([scenario_folder()] if scenarios is None else scenarios)
    for name in set(without) - {scenario.name for scenario in declared}:
        raise HuntingError(f"There is no scenario '{name}'.", hint=closest(name, [scenario.name for scenario in declared]))
    return _Simulation(lake, messages, days, seed, end, progress).run(declared, without)


@dataclass
class _Simulation:
    lake: Store
    messages: int
    days: int
    seed: int
    end: datetime
    progress: Progress | None
    buffers: dict[str, list[pa.Table]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def stop(self) -> int:
        return int(self.end.timestamp()) * 1_000_000

    def run(self, declared: list[Scenario], without: Collection[str]) -> Summary:
        tenant = make_tenant(self.seed, max(60, min(20_000, self.messages // 100)))
        campaigns = [make_campaign(tenant, scenario, self.seed, self.stop) for scenario in declared]
        self._check(campaigns)
        self._add("Mailboxes", mailboxes(tenant, self.seed))
        self._add("IdentityInfo", identities(tenant, self.seed, self.end))
        done = sum(len(campaign.mail.message) for campaign in campaigns)
        campaigns = [campaign for campaign in campaigns if campaign.scenario.name not in without]
        reached = [self._add_campaign(tenant, campaign) for campaign in campaigns]
        for hours, counts in self._parts(self.messages - done):
            rng = rng_for(self.seed, "everyday", hours[0])
            self._add_everyday(tenant, background(tenant, hours, counts, rng), rng)
            done += int(counts.sum())
            if self.progress is not None:
                self.progress("messages", done, self.messages)
        for table, rows in surroundings(tenant, self.seed, campaigns, reached, self.stop - self.days * DAY, self.stop):
            self._add(table, rows)
        for table in list(self.buffers):
            self._flush(table)
        return Summary(self.rows, tenant.employees, [_summary(campaign) for campaign in campaigns])

    def _check(self, campaigns: list[Campaign]) -> None:
        needed = sum(len(campaign.mail.message) for campaign in campaigns)
        if needed > self.messages:
            raise HuntingError(
                f"The scenarios hold {needed} copies, and only {self.messages} messages are asked for.",
                hint=f"Ask for at least {needed} messages, or choose fewer scenarios.",
            )
        for campaign in campaigns:
            name = campaign.scenario.name
            if campaign.scenario.ago > self.days * DAY:
                raise HuntingError(
                    f"Scenario {name} starts before the simulation.", hint="Simulate more days, or lower its 'ago'."
                )
            if campaign.verdict_time + 2 * HOUR > self.stop:
                raise HuntingError(
                    f"Scenario {name} is not over when the simulation ends.",
                    hint="Raise its 'ago' above spread + verdict_after + 2h.",
                )

    def _parts(self, copies: int) -> Iterator[tuple[Ints, Ints]]:
        """Everyday copies per hour of the time range, by working hours, in parts of bounded size."""
        hours = self.stop - self.days * DAY + np.arange(self.days * 24) * HOUR
        counts = rng_for(self.seed, "hours").multinomial(copies, np.diff(cumulative(_busy(hours)), prepend=0.0).clip(0))
        part = np.cumsum(counts) // _PART
        for number in np.unique(part):
            chosen = part == number
            if counts[chosen].sum():
                yield hours[chosen], counts[chosen]

    def _add_campaign(self, tenant: Tenant, campaign: Campaign) -> Victims:
        rng = rng_for(self.seed, "campaign rows", campaign.scenario.name)
        mail, wanted = campaign.mail, campaign.scenario.clicks
        self._add_mail(tenant, mail, rng)
        self._add("CampaignInfo", campaign_rows(tenant, campaign, rng))
        alert = campaign_alert(campaign)
        self._add_alerts(tenant, [alert] if alert else [])
        if alert is not None and alert.title == REPORTED:
            self._add("CloudAppEvents", user_report(tenant, rng, campaign))
        clicks = None
        if wanted:
            clicks = campaign_clicks(tenant, mail, rng, wanted.get("share", 0.0), wanted.get("through", 0.0), self.stop)
            self._add("UrlClickEvents", click_rows(tenant, mail, clicks, rng))
        return victims(campaign, clicks, rng, self.stop)

    def _add_everyday(self, tenant: Tenant, mail: Mail, rng: Rng) -> None:
        mail = mail.with_events(everyday_events(mail, rng, self.stop))
        self._add_mail(tenant, mail, rng)
        clicks = everyday_clicks(tenant, mail, rng, self.stop)
        self._add("UrlClickEvents", click_rows(tenant, mail, clicks, rng))
        self._add_alerts(tenant, [*zap_alerts(mail, rng, self.stop), *click_alerts(mail, clicks, rng, self.stop)])

    def _add_mail(self, tenant: Tenant, mail: Mail, rng: Rng) -> None:
        events = email_events(tenant, mail, rng)
        self._add("EmailEvents", events)
        self._add("EmailAttachmentInfo", attachment_rows(mail, events))
        self._add("EmailUrlInfo", url_rows(mail, rng))
        self._add("EmailPostDeliveryEvents", post_delivery_rows(tenant, mail, rng))

    def _add_alerts(self, tenant: Tenant, alerts: list[Alert]) -> None:
        info, evidence = alert_rows(tenant, alerts)
        self._add("AlertInfo", info)
        self._add("AlertEvidence", evidence)

    def _add(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        self.buffers.setdefault(table, []).append(rows)
        self.rows[table] = self.rows.get(table, 0) + rows.num_rows
        if sum(part.num_rows for part in self.buffers[table]) >= _BUFFER:
            self._flush(table)

    def _flush(self, table: str) -> None:
        parts = self.buffers.pop(table)
        self.lake.append(table, pa.concat_tables(parts), schema=MAILBOXES if table == "Mailboxes" else None)


def _busy(hours: Ints) -> list[float]:
    """How much mail an hour of the week brings, relative to others (UTC; a tenant in central Europe)."""
    hour_of_day, day = hours // HOUR % 24, (hours // DAY + 3) % 7  # 1970-01-01 was a Thursday
    known, level = (0, 5, 8, 10, 12, 14, 17, 20, 24), (0.15, 0.1, 0.8, 1.0, 0.7, 1.0, 0.6, 0.3, 0.15)
    by_hour = np.interp((hour_of_day + 1) % 24, known, level)
    return list(by_hour * np.where(day >= 5, 0.18, 1.0))


def _summary(campaign: Campaign) -> CampaignSummary:
    mail, scenario = campaign.mail, campaign.scenario
    location, _ = latest(mail)
    counts = np.bincount(location, minlength=len(LOCATIONS))
    return CampaignSummary(
        scenario.name,
        scenario.kind,
        len(location),
        len(mail.time),
        campaign.sha256,
        campaign.url,
        campaign.alert_id if scenario.alert else "",
        int(sum(counts[code] for code in MAILBOX_LOCATIONS)),
        {name: int(count) for name, count in zip(LOCATIONS, counts, strict=True) if count},
    )
