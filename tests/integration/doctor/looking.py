"""Looking, on a server that other tests use as well."""

from dataclasses import replace

from wabot.services.provisioning.doctor import Diagnosis, ExamineTenants

_OTHERS = {"orphan_role", "orphan_database"}


def examined(doctor: ExamineTenants, slugs: list[str] | None = None) -> Diagnosis:
    """Look, without the roles and databases that other tests on the same server left behind."""
    diagnosis = doctor.examine(slugs)
    own = tuple(finding for finding in diagnosis.findings if finding.kind not in _OTHERS)
    return replace(diagnosis, findings=own)
