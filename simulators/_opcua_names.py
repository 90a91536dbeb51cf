"""Numbers that OPC UA gives to services, statuses and standard nodes.

Source: OPC Foundation, UA-Nodeset, Schema/NodeIds.csv and Schema/StatusCode.csv (1.05); a test
compares them with a library that nobody here wrote.
"""

from __future__ import annotations

SERVICES = {
    422: "FindServers",
    428: "GetEndpoints",
    437: "RegisterServer",
    446: "OpenSecureChannel",
    452: "CloseSecureChannel",
    461: "CreateSession",
    467: "ActivateSession",
    473: "CloseSession",
    479: "Cancel",
    488: "AddNodes",
    494: "AddReferences",
    500: "DeleteNodes",
    506: "DeleteReferences",
    527: "Browse",
    533: "BrowseNext",
    554: "TranslateBrowsePathsToNodeIds",
    560: "RegisterNodes",
    566: "UnregisterNodes",
    615: "QueryFirst",
    621: "QueryNext",
    631: "Read",
    664: "HistoryRead",
    673: "Write",
    700: "HistoryUpdate",
    712: "Call",
    751: "CreateMonitoredItems",
    763: "ModifyMonitoredItems",
    769: "SetMonitoringMode",
    775: "SetTriggering",
    781: "DeleteMonitoredItems",
    787: "CreateSubscription",
    793: "ModifySubscription",
    799: "SetPublishingMode",
    826: "Publish",
    832: "Republish",
    841: "TransferSubscriptions",
    847: "DeleteSubscriptions",
    12208: "FindServersOnNetwork",
    12211: "RegisterServer2",
}
"""Requests by the number of their binary encoding; the answer's number is three higher."""

FAULT = 397  # ServiceFault

NEVER_SENT = frozenset(
    {
        "AddNodes",
        "AddReferences",
        "Call",
        "CreateMonitoredItems",
        "CreateSubscription",
        "DeleteNodes",
        "DeleteReferences",
        "HistoryUpdate",
        "ModifyMonitoredItems",
        "ModifySubscription",
        "RegisterNodes",
        "RegisterServer",
        "RegisterServer2",
        "SetMonitoringMode",
        "SetTriggering",
        "TransferSubscriptions",
        "Write",
    }
)
"""Services that change something in a server."""

STATUS = {
    "Good": 0x00000000,
    "GoodLocalOverride": 0x00960000,
    "Uncertain": 0x40000000,
    "UncertainNoCommunicationLastUsableValue": 0x408F0000,
    "UncertainLastUsableValue": 0x40900000,
    "UncertainSubstituteValue": 0x40910000,
    "UncertainInitialValue": 0x40920000,
    "UncertainSensorNotAccurate": 0x40930000,
    "UncertainEngineeringUnitsExceeded": 0x40940000,
    "UncertainSubNormal": 0x40950000,
    "UncertainDataSubNormal": 0x40A40000,
    "Bad": 0x80000000,
    "BadUnexpectedError": 0x80010000,
    "BadInternalError": 0x80020000,
    "BadOutOfMemory": 0x80030000,
    "BadResourceUnavailable": 0x80040000,
    "BadCommunicationError": 0x80050000,
    "BadDecodingError": 0x80070000,
    "BadTimeout": 0x800A0000,
    "BadServiceUnsupported": 0x800B0000,
    "BadShutdown": 0x800C0000,
    "BadServerNotConnected": 0x800D0000,
    "BadServerHalted": 0x800E0000,
    "BadNothingToDo": 0x800F0000,
    "BadTooManyOperations": 0x80100000,
    "BadCertificateInvalid": 0x80120000,
    "BadSecurityChecksFailed": 0x80130000,
    "BadCertificateTimeInvalid": 0x80140000,
    "BadCertificateUntrusted": 0x801A0000,
    "BadUserAccessDenied": 0x801F0000,
    "BadIdentityTokenInvalid": 0x80200000,
    "BadIdentityTokenRejected": 0x80210000,
    "BadSecureChannelIdInvalid": 0x80220000,
    "BadInvalidTimestamp": 0x80230000,
    "BadSessionIdInvalid": 0x80250000,
    "BadSessionClosed": 0x80260000,
    "BadSessionNotActivated": 0x80270000,
    "BadNoCommunication": 0x80310000,
    "BadWaitingForInitialData": 0x80320000,
    "BadNodeIdUnknown": 0x80340000,
    "BadAttributeIdInvalid": 0x80350000,
    "BadNotReadable": 0x803A0000,
    "BadOutOfRange": 0x803C0000,
    "BadNotSupported": 0x803D0000,
    "BadContinuationPointInvalid": 0x804A0000,
    "BadNoContinuationPoints": 0x804B0000,
    "BadSecurityModeRejected": 0x80540000,
    "BadSecurityPolicyRejected": 0x80550000,
    "BadTooManySessions": 0x80560000,
    "BadNoMatch": 0x806F0000,
    "BadTcpMessageTypeInvalid": 0x807E0000,
    "BadTcpMessageTooLarge": 0x80800000,
    "BadConfigurationError": 0x80890000,
    "BadNotConnected": 0x808A0000,
    "BadDeviceFailure": 0x808B0000,
    "BadSensorFailure": 0x808C0000,
    "BadOutOfService": 0x808D0000,
    "BadResponseTooLarge": 0x80B90000,
    "BadLicenseExpired": 0x810E0000,
}
"""Status codes by name."""

SUPERTYPES = {35: 33, 33: 31, 34: 33, 44: 34, 47: 44, 46: 44, 45: 34, 49: 47, 32: 31, 40: 32}
"""Reference types of namespace 0 and what they derive from."""

ORGANIZES, HAS_COMPONENT, HAS_PROPERTY, HAS_TYPE = 35, 47, 46, 40

LIMITS = {
    "MaxNodesPerRead": 11705,
    "MaxNodesPerWrite": 11707,
    "MaxNodesPerMethodCall": 11709,
    "MaxNodesPerBrowse": 11710,
    "MaxNodesPerRegisterNodes": 11711,
    "MaxNodesPerTranslateBrowsePathsToNodeIds": 11712,
    "MaxNodesPerNodeManagement": 11713,
    "MaxMonitoredItemsPerCall": 11714,
}
"""Properties of OperationLimits."""

CAPABILITIES = {
    "MaxBrowseContinuationPoints": (2735, "UInt16"),
    "MaxQueryContinuationPoints": (2736, "UInt16"),
    "MaxHistoryContinuationPoints": (2737, "UInt16"),
    "MaxArrayLength": (11702, "UInt32"),
    "MaxStringLength": (11703, "UInt32"),
    "MaxByteStringLength": (12911, "UInt32"),
}
"""Properties of ServerCapabilities that an option can state."""
