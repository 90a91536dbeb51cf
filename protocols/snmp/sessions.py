"""Which session a conversation uses: a community, or a user of version 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocols.contract import SPOKE, Credential, Link, Observation, Outcome
from protocols.snmp import codec, secured
from protocols.snmp.codec import Oid, Response
from protocols.snmp.exchange import Session

VERSIONS = {"snmp-v1": codec.V1, "snmp-v2c": codec.V2C}


@dataclass(frozen=True, slots=True)
class Community:
    """A session of version 1 or 2c."""

    version: int
    credential: Credential

    def envelope(
        self, kind: int, request_id: int, oids: tuple[Oid, ...], repetitions: int
    ) -> tuple[bytes, Callable[[bytes], Response]]:
        """See `Session`; the only place where a community is revealed."""
        community = self.credential.secret.reveal().encode("utf-8", "surrogateescape")
        request = codec.encode_request(
            self.version, community, kind, request_id, oids, 0, repetitions
        )
        return request, lambda data: codec.decode_response(
            data, self.version, kind, request_id, oids
        )


def granted(observation: Observation) -> bool:
    """Whether the agent served the credential that was used."""
    spoke = observation.outcome in SPOKE and observation.outcome is not Outcome.REFUSED_AUTH
    return bool(observation.credential) and spoke and observation.reason not in secured.REFUSALS


def working(link: Link) -> Session | None:
    """The session under which this agent answered, from what was heard so far."""
    labels = {o.credential for o in link.heard if granted(o)}
    credential = next((c for c in link.credentials if c.name in labels), None)
    if credential is None:
        return None
    if credential.type in VERSIONS:
        return Community(VERSIONS[credential.type], credential)
    return secured.open_session(link, credential)
