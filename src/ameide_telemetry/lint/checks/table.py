"""All checks of the lint, in order of their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ameide_telemetry.lint.checks import (
    bootstrap_not_declared,
    conditional_init,
    double_bootstrap,
    entrypoint_without_init,
    foreign_telemetry,
    hand_rolled_logging,
    hand_rolled_sdk,
    hidden_telemetry,
    import_logs_before_init,
    init_before_fork,
    init_in_library,
    init_in_lifespan,
    interpolated_event,
    late_init,
    pii_in_log_call,
    print_in_service,
    service_name_mismatch,
    swallowed_context,
    tenant_as_metric_label,
    unresolved_entrypoint,
    unstable_key,
    untraced_client,
)

if TYPE_CHECKING:
    from ameide_telemetry.lint.checks.kinds import EntrypointCheck, FileCheck

__all__ = ["ENTRYPOINT_CHECKS", "FILE_CHECKS"]

FILE_CHECKS: Final[tuple[FileCheck, ...]] = (
    hand_rolled_sdk.CHECK,
    hand_rolled_logging.CHECK,
    foreign_telemetry.CHECK,
    hidden_telemetry.CHECK,
    print_in_service.CHECK,
    interpolated_event.CHECK,
    unstable_key.CHECK,
    tenant_as_metric_label.CHECK,
    pii_in_log_call.CHECK,
    swallowed_context.CHECK,
)
"""Checks of one source file each."""

ENTRYPOINT_CHECKS: Final[tuple[EntrypointCheck, ...]] = (
    unresolved_entrypoint.CHECK,
    entrypoint_without_init.CHECK,
    late_init.CHECK,
    init_in_lifespan.CHECK,
    conditional_init.CHECK,
    init_before_fork.CHECK,
    init_in_library.CHECK,
    double_bootstrap.CHECK,
    import_logs_before_init.CHECK,
    hand_rolled_logging.ENTRYPOINT_CHECK,
    untraced_client.CHECK,
    bootstrap_not_declared.CHECK,
    service_name_mismatch.CHECK,
)
"""Checks of one entrypoint each; what they say of several alike is to be told once."""
