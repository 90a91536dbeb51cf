"""Status codes: the names that we decide on, and what each refusal means and asks for.

Codes: OPC 10000-6 v1.05, annex A.2 (StatusCode.csv). The two top bits are the severity: 0 good,
1 uncertain, 2 bad (OPC 10000-4, 7.39). A code outside the table is shown as hexadecimal text.
"""

from __future__ import annotations

from protocols.contract import Outcome, Quality, Reason, Refused

NAMES = {
    0x00000000: "Good",
    0x002F0000: "GoodOverload",
    0x00300000: "GoodClamped",
    0x00960000: "GoodLocalOverride",
    0x00A50000: "GoodNoData",
    0x406C0000: "UncertainReferenceOutOfServer",
    0x408F0000: "UncertainNoCommunicationLastUsableValue",
    0x40900000: "UncertainLastUsableValue",
    0x40910000: "UncertainSubstituteValue",
    0x40920000: "UncertainInitialValue",
    0x40930000: "UncertainSensorNotAccurate",
    0x40940000: "UncertainEngineeringUnitsExceeded",
    0x40950000: "UncertainSubNormal",
    0x40C00000: "UncertainNotAllNodesAvailable",
    0x42090000: "UncertainSimulatedValue",
    0x80010000: "BadUnexpectedError",
    0x80020000: "BadInternalError",
    0x80030000: "BadOutOfMemory",
    0x80040000: "BadResourceUnavailable",
    0x80050000: "BadCommunicationError",
    0x80060000: "BadEncodingError",
    0x80070000: "BadDecodingError",
    0x80080000: "BadEncodingLimitsExceeded",
    0x80090000: "BadUnknownResponse",
    0x800A0000: "BadTimeout",
    0x800B0000: "BadServiceUnsupported",
    0x800C0000: "BadShutdown",
    0x800D0000: "BadServerNotConnected",
    0x800E0000: "BadServerHalted",
    0x800F0000: "BadNothingToDo",
    0x80100000: "BadTooManyOperations",
    0x80120000: "BadCertificateInvalid",
    0x80130000: "BadSecurityChecksFailed",
    0x80140000: "BadCertificateTimeInvalid",
    0x80150000: "BadCertificateIssuerTimeInvalid",
    0x80160000: "BadCertificateHostNameInvalid",
    0x80170000: "BadCertificateUriInvalid",
    0x80180000: "BadCertificateUseNotAllowed",
    0x80190000: "BadCertificateIssuerUseNotAllowed",
    0x801A0000: "BadCertificateUntrusted",
    0x801B0000: "BadCertificateRevocationUnknown",
    0x801C0000: "BadCertificateIssuerRevocationUnknown",
    0x801D0000: "BadCertificateRevoked",
    0x801E0000: "BadCertificateIssuerRevoked",
    0x801F0000: "BadUserAccessDenied",
    0x80200000: "BadIdentityTokenInvalid",
    0x80210000: "BadIdentityTokenRejected",
    0x80220000: "BadSecureChannelIdInvalid",
    0x80230000: "BadInvalidTimestamp",
    0x80240000: "BadNonceInvalid",
    0x80250000: "BadSessionIdInvalid",
    0x80260000: "BadSessionClosed",
    0x80270000: "BadSessionNotActivated",
    0x802A0000: "BadRequestHeaderInvalid",
    0x802B0000: "BadTimestampsToReturnInvalid",
    0x80310000: "BadNoCommunication",
    0x80320000: "BadWaitingForInitialData",
    0x80330000: "BadNodeIdInvalid",
    0x80340000: "BadNodeIdUnknown",
    0x80350000: "BadAttributeIdInvalid",
    0x803A0000: "BadNotReadable",
    0x803B0000: "BadNotWritable",
    0x803D0000: "BadNotSupported",
    0x803E0000: "BadNotFound",
    0x803F0000: "BadObjectDeleted",
    0x80400000: "BadNotImplemented",
    0x804A0000: "BadContinuationPointInvalid",
    0x804B0000: "BadNoContinuationPoints",
    0x804F0000: "BadServerUriInvalid",
    0x80510000: "BadDiscoveryUrlMissing",
    0x80530000: "BadRequestTypeInvalid",
    0x80540000: "BadSecurityModeRejected",
    0x80550000: "BadSecurityPolicyRejected",
    0x80560000: "BadTooManySessions",
    0x80570000: "BadUserSignatureInvalid",
    0x80580000: "BadApplicationSignatureInvalid",
    0x80590000: "BadNoValidCertificates",
    0x806B0000: "BadViewIdUnknown",
    0x807D0000: "BadTcpServerTooBusy",
    0x807E0000: "BadTcpMessageTypeInvalid",
    0x807F0000: "BadTcpSecureChannelUnknown",
    0x80800000: "BadTcpMessageTooLarge",
    0x80810000: "BadTcpNotEnoughResources",
    0x80820000: "BadTcpInternalError",
    0x80830000: "BadTcpEndpointUrlInvalid",
    0x80840000: "BadRequestInterrupted",
    0x80850000: "BadRequestTimeout",
    0x80860000: "BadSecureChannelClosed",
    0x80870000: "BadSecureChannelTokenUnknown",
    0x80880000: "BadSequenceNumberInvalid",
    0x80890000: "BadConfigurationError",
    0x808A0000: "BadNotConnected",
    0x808B0000: "BadDeviceFailure",
    0x808C0000: "BadSensorFailure",
    0x808D0000: "BadOutOfService",
    0x809B0000: "BadNoData",
    0x809E0000: "BadDataUnavailable",
    0x80B70000: "BadMaxConnectionsReached",
    0x80B80000: "BadRequestTooLarge",
    0x80B90000: "BadResponseTooLarge",
    0x80BE0000: "BadProtocolVersionUnsupported",
    0x80C60000: "BadIdentityChangeNotSupported",
    0x80E60000: "BadSecurityModeInsufficient",
    0x80EE0000: "BadServerTooBusy",
    0x810D0000: "BadCertificateChainIncomplete",
    0x810E0000: "BadLicenseExpired",
    0x810F0000: "BadLicenseLimitsExceeded",
    0x81100000: "BadLicenseNotAvailable",
    0x81140000: "BadCertificatePolicyCheckFailed",
}

CODES = {name: code for code, name in NAMES.items()}

TOO_MUCH = frozenset(
    {
        "BadTooManyOperations",
        "BadRequestTooLarge",
        "BadResponseTooLarge",
        "BadEncodingLimitsExceeded",
        "BadTcpMessageTooLarge",
    }
)
"""Refusals that ask for a smaller batch."""

_TRUST = "move this scanner's certificate to the server's trusted list (certificate exchange)"
_RENEW = "renew the certificate, or set the clock that judges it"
_USER = (
    "check the user's name and password; else ask the server's administrator for a user that may "
    "read, and name it as a credential"
)
_MAKE = (
    "make one as servers want it: RSA of 2048 to 4096 bits, SHA-256, with its key usage and the "
    "application's URI"
)
_ISSUER = "give the server the issuer's certificate and its list of revoked ones"
_FAULT = "ask again later; where it says so again, look into the server's own log"
_LATER = "close a client that is no longer needed, or raise the server's session limit"
_AUTH = Outcome.REFUSED_AUTH
_RESOURCE = Outcome.REFUSED_RESOURCE
_CAPABILITY = Outcome.REFUSED_CAPABILITY
_DOWNSTREAM = Outcome.REFUSED_DOWNSTREAM

_UNFIT = (
    *("BadCertificateInvalid", "BadCertificateUseNotAllowed"),
    *("BadCertificatePolicyCheckFailed", "BadCertificateRevoked"),
)
_UNKNOWN_ISSUER = (
    *("BadCertificateChainIncomplete", "BadCertificateRevocationUnknown"),
    *("BadCertificateIssuerRevocationUnknown", "BadCertificateIssuerRevoked"),
    "BadCertificateIssuerUseNotAllowed",
)
_FAULTS = (
    *("BadInternalError", "BadUnexpectedError", "BadTcpInternalError"),
    *("BadServerHalted", "BadShutdown", "BadConfigurationError"),
)

_REFUSALS: dict[str, tuple[Outcome, str, str]] = {
    "BadCertificateUntrusted": (_AUTH, Reason.CERTIFICATE_UNTRUSTED, _TRUST),
    "BadSecurityChecksFailed": (_AUTH, Reason.CERTIFICATE_UNTRUSTED, _TRUST),
    **dict.fromkeys(_UNFIT, (_AUTH, "certificate_invalid", _MAKE)),
    **dict.fromkeys(_UNKNOWN_ISSUER, (_AUTH, Reason.CERTIFICATE_UNTRUSTED, _ISSUER)),
    "BadNoValidCertificates": (_AUTH, Reason.CERTIFICATE_UNTRUSTED, _TRUST),
    "BadCertificateTimeInvalid": (_AUTH, "certificate_expired", _RENEW),
    "BadCertificateIssuerTimeInvalid": (_AUTH, "certificate_expired", _RENEW),
    # The client's own check (OPC 10000-4, 5.5.1): no server to be had here sends it (asyncua has it
    # switched off, node-opcua warns that clients will). Ours is told from the endpoints'
    # certificate; this is for servers that check their client's host name all the same.
    "BadCertificateHostNameInvalid": (
        _AUTH,
        "certificate_host",
        "make a certificate that names the address by which clients reach the server",
    ),
    "BadCertificateUriInvalid": (
        _AUTH,
        "certificate_uri",
        "make a certificate whose URI equals the application URI",
    ),
    "BadInvalidTimestamp": (
        _AUTH,
        Reason.CLOCK_SKEW,
        "set the clocks of server and client from one time source (NTP)",
    ),
    "BadIdentityTokenRejected": (_AUTH, Reason.USER_REJECTED, _USER),
    "BadIdentityTokenInvalid": (_AUTH, Reason.USER_REJECTED, _USER),
    "BadUserAccessDenied": (_AUTH, Reason.ACCESS_DENIED, _USER),
    "BadUserSignatureInvalid": (_AUTH, Reason.USER_REJECTED, _USER),
    "BadNotReadable": (_AUTH, Reason.ACCESS_DENIED, _USER),
    "BadSecurityModeRejected": (
        _AUTH,
        Reason.MODE_NOT_OFFERED,
        "use a certificate with a mode from the endpoint list",
    ),
    "BadSecurityPolicyRejected": (
        _AUTH,
        Reason.POLICY_NOT_OFFERED,
        "use a certificate with a policy from the endpoint list",
    ),
    "BadSecurityModeInsufficient": (
        _AUTH,
        "mode_insufficient",
        "use an endpoint that signs and encrypts",
    ),
    "BadTooManySessions": (_RESOURCE, "BadTooManySessions", _LATER),
    "BadMaxConnectionsReached": (_RESOURCE, "BadMaxConnectionsReached", _LATER),
    "BadTcpServerTooBusy": (_RESOURCE, "BadTcpServerTooBusy", _LATER),
    "BadTcpNotEnoughResources": (_RESOURCE, "BadTcpNotEnoughResources", _LATER),
    "BadServerTooBusy": (_RESOURCE, "BadServerTooBusy", _LATER),
    **{name: (_RESOURCE, name, _FAULT) for name in _FAULTS},
    "BadLicenseExpired": (_RESOURCE, "BadLicenseExpired", "renew the server's licence"),
    "BadLicenseLimitsExceeded": (_RESOURCE, "BadLicenseLimitsExceeded", "extend the licence"),
    "BadLicenseNotAvailable": (_RESOURCE, "BadLicenseNotAvailable", "install the licence"),
    # Less at once is taken: a server that says so is not busy.
    **{name: (_CAPABILITY, name, "") for name in TOO_MUCH},
    "BadServiceUnsupported": (_CAPABILITY, "BadServiceUnsupported", ""),
    "BadNotSupported": (_CAPABILITY, "BadNotSupported", ""),
    "BadNotImplemented": (_CAPABILITY, "BadNotImplemented", ""),
    "BadProtocolVersionUnsupported": (_CAPABILITY, "BadProtocolVersionUnsupported", ""),
    "BadTcpMessageTypeInvalid": (_CAPABILITY, "BadTcpMessageTypeInvalid", ""),
    "BadTcpEndpointUrlInvalid": (
        _CAPABILITY,
        "endpoint_url",
        "the server knows itself under another URL only: add the address that clients use",
    ),
    "BadNodeIdUnknown": (Outcome.EMPTY, "BadNodeIdUnknown", ""),
    "BadNodeIdInvalid": (Outcome.EMPTY, "BadNodeIdInvalid", ""),
    "BadAttributeIdInvalid": (Outcome.EMPTY, "BadAttributeIdInvalid", ""),
    "BadNoCommunication": (_DOWNSTREAM, "BadNoCommunication", ""),
    "BadCommunicationError": (_DOWNSTREAM, "BadCommunicationError", ""),
    "BadServerNotConnected": (_DOWNSTREAM, "BadServerNotConnected", ""),
}


def name_of(code: int) -> str:
    """The symbolic name, whatever the info bits say; hexadecimal text for an unknown code."""
    return NAMES.get(code & 0xFFFF0000, f"0x{code & 0xFFFF0000:08X}")


def is_bad(code: int) -> bool:
    """Whether the severity is bad. The reserved severity 3 counts as bad too."""
    return code >= 0x80000000


def limit_of(code: int) -> str:
    """What the limit bits of a value's code say: at its low or high limit, or constant; or ""."""
    of_a_value = code & 0x0C00 == 0x0400  # InfoType DataValue (OPC 10000-4, 7.39.1)
    return ("", "low limit", "high limit", "constant")[code >> 8 & 3] if of_a_value else ""


def quality_of(code: int) -> Quality:
    """The severity as the shared vocabulary has it."""
    if is_bad(code):
        return Quality.BAD
    return Quality.UNCERTAIN if code & 0x40000000 else Quality.GOOD


def refusal(code: int, said: str = "") -> Refused:
    """What a bad code of a whole service, or an ERR message, means, and the step to take.

    A code that the table lacks counts as "try later" (refused_resource) under its own name: the
    server answered and did not say that we may not, or that it cannot.
    """
    name = name_of(code)
    outcome, reason, step = _REFUSALS.get(name, (_RESOURCE, name, ""))
    return Refused(outcome, str(reason), ": ".join(part for part in (name, said, step) if part))


def refuses_reading(code: int) -> bool:
    """Whether a value's status says that this identity may not read it."""
    return name_of(code) in ("BadNotReadable", "BadUserAccessDenied")
