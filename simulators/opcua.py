"""OPC UA device double: a light server of its own, or a real asyncua server.

One rule keeps it simple: the plant's options say what the server is; everything that goes wrong
on purpose is a fault. `options` of a service (docs/plants.md):

| option | meaning (default) |
|---|---|
| `server` | "light" or "asyncua" (light) |
| `application_name`, `application_uri`, `product_uri`, `application_type` | identity (server) |
| `endpoints` | "None", "Basic256Sha256/Sign", "Basic256Sha256/SignAndEncrypt" (["None"]) |
| `tokens`, `users`, `password_policy` | "anonymous", "username" (["anonymous"]); name = password |
| `certificate` | "valid", "expired", "not_yet", "wrong_host" (valid, where one is needed) |
| `wall`, `session_error` | status that CreateSession gives on a certificate wall; or always |
| `max_sessions`, `session_timeout_ms`, `clock_skew_seconds`, `browse_page` | numbers |
| `limits` | MaxNodesPerRead, MaxNodesPerBrowse, MaxBrowseContinuationPoints, … and enforced |
| `advertised_url`, `servers` | other URLs than the real one; servers known ({uri, name, url}) |
| `namespace`, `namespaces` | URI of index 2; further URIs from index 4 on (index 3 is DI) |
| `nameplate`, `product_instance_uri`, `device_manual`, `build_number`, `state`, `up_hours` | … |
| `clients` | who else has a session ({session, name, uri}), in SessionDiagnosticsArray |
| `extra_variables`, `cycles` | a huge space; folders that contain themselves |

`options` of a point: `path` (folders), `low`, `high`, `access` ("r", "rw", "w", "-"), `readable_by`
and `visible_to` (user names, "" is anonymous), `source_time` (RFC 3339 or "none"),
`source_age_seconds`, `swing` with `period_seconds`, `unit_id`, `unit_name`, `type_definition`.

Faults beyond the generic ones: `huge_array` (option `at`: Read, Browse, GetEndpoints,
FindServers), `zero_lifetime`, `unlimited_ack`, `endless_continuation`, `recursive_variant`,
`wrong_handle`, `wrong_request_id`.
"""

from __future__ import annotations

from simulators import _opcua_identity as identity
from simulators._opcua_server import Conversation
from simulators._opcua_space import check
from simulators._opcua_state import Server
from simulators.contract import Bind, Device, Handle, Service, Simulator, Witness
from simulators.tcp import TcpDouble


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Start one server; raises ValueError for an option that cannot be."""
    check(service.points)
    if service.options.get("server", "light") == "asyncua":
        from simulators._opcua_asyncua import start_asyncua

        return await start_asyncua(device, service, bind, witness)

    def port() -> int:
        return double.listener.getsockname()[1] if double.listener else bind.port

    server = Server(device, service, witness, identity.person(device, service, port))
    double = TcpDouble(device, service, bind, witness, lambda: Conversation(server))
    double.start()
    return double


SIMULATOR = Simulator("opcua", "tcp", 4840, start)
