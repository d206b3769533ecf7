"""What the product must do, line by line, and the tests that show it; a line without its test fails here.

Where a line is shown by parameters of a test, the test stands for all of them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]

MUST: dict[str, tuple[str, tuple[str, ...]]] = {
    "M01": (
        "the e-mail tables and a cluster table are Parquet, read without import",
        (
            "hunting/air/test_lake_tables.py::test_clusters_and_mail_are_parquet_that_anybody_reads",
            "hunting/simulate/test_simulate.py::test_a_lake_takes_all_tables",
        ),
    ),
    "M02": (
        "the same seed gives the same tables (by content: Parquet file names differ)",
        ("hunting/simulate/test_simulate.py::test_same_seed_same_content_and_another_seed_differs",),
    ),
    "M03": (
        "KQL to visible SQL; what is not supported is told with its place",
        (
            "hunting/test_cli.py::test_explain_shows_sql",
            "hunting/test_cli.py::test_a_wrong_query_is_told_with_place_and_cure_and_exits_with_3",
            "kql/test_parser.py::test_a_wrong_query_gets_its_place_and_its_cure",
        ),
    ),
    "M04": (
        "a malicious file: a cluster of all messages that hold it",
        (
            "hunting/air/test_investigations.py::test_all_copies_with_the_entity_are_members_and_only_those_in_mailboxes_are_removed",
            "hunting/air/test_end_to_end.py::test_the_hunt_finds_exactly_the_mailbox_copies_of_the_opted_in_clusters",
        ),
    ),
    "M05": (
        "a malicious URL: a cluster of all messages that hold it",
        (
            "hunting/air/test_investigations.py::test_a_reported_mail_leads_to_what_it_carries",
            "hunting/air/test_end_to_end.py::test_the_hunt_finds_exactly_the_mailbox_copies_of_the_opted_in_clusters",
        ),
    ),
    "M06": (
        "only what is in mailboxes yields an action",
        (
            "hunting/air/test_edge_cases.py::test_03_all_in_quarantine_no_action_and_prevented",
            "hunting/air/test_edge_cases.py::test_04_of_a_mixed_cluster_only_what_is_in_mailboxes_and_then_it_is_remediated",
            "hunting/air/test_investigations.py::test_events_say_where_a_copy_is",
        ),
    ),
    "M07": (
        "nothing opted in: everything is pending, nothing is removed",
        (
            "hunting/air/test_investigations.py::test_nothing_opted_in_everything_waits",
            "hunting/air/test_end_to_end.py::test_nothing_opted_in_nothing_removed",
        ),
    ),
    "M08": ("opt-in per cluster type", ("hunting/air/test_investigations.py::test_types_are_opted_in_one_by_one",)),
    "M09": ("soft delete is the only automatic action", ("hunting/air/test_policy.py::test_setting_refused",)),
    "M10": (
        "10,000 copies are automatic, 10,001 are pending",
        (
            "hunting/air/test_edge_cases.py::test_01_ten_thousand_copies_wherever_they_are_are_automatic_one_more_is_not",
            "hunting/air/test_end_to_end.py::test_every_campaign_ends_as_its_story_says_and_another_process_sees_the_same",
        ),
    ),
    "M11": (
        "a type that is not opted in stays pending beside one that is",
        ("hunting/air/test_investigations.py::test_types_are_opted_in_one_by_one",),
    ),
    "M12": (
        "one row per remediated copy, Automated Remediation by Automation",
        (
            "hunting/air/test_remediation.py::test_the_row_that_automation_writes",
            "hunting/air/test_end_to_end.py::test_the_hunt_finds_exactly_the_mailbox_copies_of_the_opted_in_clusters",
        ),
    ),
    "M13": (
        "the seed hunt returns exactly these",
        ("hunting/air/test_end_to_end.py::test_the_hunt_finds_exactly_the_mailbox_copies_of_the_opted_in_clusters",),
    ),
    "M14": (
        "Action center: Decided by and Action source, as columns and filters",
        (
            "hunting/air/test_surfaces.py::test_pending_and_history_divide_all_actions",
            "hunting/air/test_surfaces.py::test_history_by_automation_and_its_source",
            "hunting/air/test_surfaces.py::test_filters_of_the_action_center",
        ),
    ),
    "M15": (
        "investigation: Handled by",
        ("hunting/air/test_surfaces.py::test_history_of_an_investigation_says_who_handled_it",),
    ),
    "M16": (
        "Explorer: Additional action",
        ("hunting/air/test_surfaces.py::test_explorer_by_additional_action",),
    ),
    "M17": ("e-mail page: timeline", ("hunting/air/test_surfaces.py::test_the_e_mail_page_tells_what_happened",)),
    "M18": (
        "investigations start from an alert, and by hand on an e-mail",
        (
            "hunting/air/test_rules.py::test_alerts_on_a_file_a_url_a_report_and_a_click_start_an_investigation",
            "hunting/air/test_investigations.py::test_by_hand_on_an_email",
        ),
    ),
    "M19": (
        "an investigation's status by its id",
        (
            "hunting/air/test_surfaces.py::test_an_investigation_and_an_action_by_their_ids",
            "hunting/air/test_investigations.py::test_an_id_that_is_none",
        ),
    ),
    "M20": (
        "an action by its id, and all of them",
        (
            "hunting/air/test_surfaces.py::test_an_investigation_and_an_action_by_their_ids",
            "hunting/air/test_surfaces.py::test_pending_and_history_divide_all_actions",
        ),
    ),
    "M21": (
        "approve and reject, in the audit",
        (
            "hunting/air/test_remediation.py::test_approve",
            "hunting/air/test_remediation.py::test_reject",
            "hunting/air/test_remediation.py::test_a_decision_is_in_the_audit_with_its_person_and_reason",
        ),
    ),
    "M22": (
        "a cluster as CSV at a path",
        ("hunting/air/test_surfaces.py::test_a_cluster_as_csv_is_whole_and_harmless",),
    ),
    "M23": (
        "undo to Inbox or Junk, a new row and a new entry; not twice",
        (
            "hunting/air/test_remediation.py::test_undo",
            "hunting/air/test_remediation.py::test_undo_twice_is_refused",
            "hunting/air/test_end_to_end.py::test_undo_puts_ten_thousand_back",
        ),
    ),
    "M24": (
        "undo by Take action on the rows of a hunt",
        ("hunting/air/test_manual.py::test_take_action_on_the_rows_of_a_hunt_undoes_what_automation_did",),
    ),
    "M25": (
        "undo is refused after the retention, with the reason",
        ("hunting/air/test_remediation.py::test_undo_within_the_mailboxes_retention_only",),
    ),
    "M26": (
        "investigations over HTTP with a bearer token, 401 without",
        (
            "hunting/server/test_access.py::test_401_without_a_good_token",
            "hunting/server/test_serving.py::test_from_the_command_line_to_a_decision_and_back",
        ),
    ),
    "M27": (
        "the switch is one command",
        ("hunting/test_cli_store.py::test_air_from_settings_to_undo",),
    ),
    "M28": (
        "users and mailboxes touched, by investigation",
        ("hunting/air/test_surfaces.py::test_impact_counts_users_and_mailboxes_of_each_investigation",),
    ),
    "M29": (
        "false positives and an audit report",
        (
            "hunting/air/test_surfaces.py::test_false_positives_are_counted_by_cluster_type",
            "hunting/air/test_surfaces.py::test_the_audit_report_is_the_audit",
        ),
    ),
    "M30": (
        "a feed for a SIEM",
        (
            "hunting/air/test_surfaces.py::test_the_feed_holds_every_row_once_and_goes_on_where_it_stopped",
            "hunting/air/test_surfaces.py::test_a_line_of_the_feed_is_the_streaming_envelope_around_the_lakes_row",
        ),
    ),
    "M31": (
        "an analyst in the shell, a notebook with DataFrames, a report on a schedule",
        (
            "hunting/shell/test_session.py::test_a_query_answers_in_a_table",
            "hunting/test_notebook.py::test_an_answer_under_a_name",
            "hunting/test_result.py::test_the_values_are_the_same_everywhere",
            "hunting/schedule/test_cli_due.py::test_a_report_is_run_when_it_is_due",
        ),
    ),
    "M32": (
        "repeating a run writes nothing",
        (
            "hunting/air/test_remediation.py::test_repeating_a_run_changes_nothing",
            "hunting/air/test_lake_tables.py::test_repeating_a_run_writes_no_commit",
            "hunting/air/test_kill.py::test_killed_at_any_moment",
        ),
    ),
}


def test_every_line_has_its_test() -> None:
    assert sorted(MUST) == [f"M{number:02}" for number in range(1, 33)]


@pytest.mark.parametrize("line", MUST)
def test_its_tests_exist(line: str) -> None:
    for name in MUST[line][1]:
        file, _, test = name.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name
