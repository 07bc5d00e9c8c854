"""Looking, on a server that other tests use as well."""

from dataclasses import replace

from wabot.services.provisioning.doctor import Diagnosis, ExamineTenants


def examined(doctor: ExamineTenants, slugs: list[str] | None = None) -> Diagnosis:
    """Look, without the roles that other tests on the same server left behind."""
    diagnosis = doctor.examine(slugs)
    own = tuple(finding for finding in diagnosis.findings if finding.kind != "orphan_role")
    return replace(diagnosis, findings=own)
