"""Numbers of OPC UA: numeric identifiers, attributes, security policies, our own limits.

Identifiers: OPC 10000-6 v1.05, annex A.3 (NodeIds.csv of the UA-Nodeset publication, 2024).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

PORT: Final = 4840  # IANA "opcua-tcp"
NAME: Final = "opcua"

# Encoding ids of the service messages, default binary (annex A.3).
SERVICE_FAULT: Final = 397
FIND_SERVERS: Final = 422
GET_ENDPOINTS: Final = 428
OPEN_CHANNEL: Final = 446
CLOSE_CHANNEL: Final = 452
CREATE_SESSION: Final = 461
ACTIVATE_SESSION: Final = 467
CLOSE_SESSION: Final = 473
BROWSE: Final = 527
BROWSE_NEXT: Final = 533
TRANSLATE: Final = 554
READ: Final = 631

RESPONSE_OFFSET: Final = 3
"""Every response above has the number of its request plus three (annex A.3)."""

ANONYMOUS_TOKEN: Final = 321
USER_NAME_TOKEN: Final = 324
CERTIFICATE_TOKEN: Final = 327

# Well-known nodes of namespace 0.
OBJECTS: Final = 85
SERVER: Final = 2253
ALIASES: Final = 23470
NAMESPACE_ARRAY: Final = 2255
FIRST_FREE_NODE: Final = 50_000  # in namespace 0: above all that the standard numbers
SERVER_STATUS: Final = {
    2263: "ManufacturerName",
    2261: "ProductName",
    2262: "ProductUri",
    2264: "SoftwareVersion",
    2257: "StartTime",
    2258: "CurrentTime",
    2259: "State",
    2267: "ServiceLevel",
    3709: "RedundancySupport",
}
SERVER_STATES: Final = (
    *("running", "failed", "no configuration", "suspended", "shutdown", "test"),
    *("communication fault", "unknown"),
)
"""ServerState by number (OPC 10000-5, 12.6)."""
REDUNDANCY: Final = ("none", "cold", "warm", "hot", "transparent", "hot and mirrored")
"""RedundancySupport by number (OPC 10000-5, 12.5)."""
HEALTH: Final = (
    *("normal", "failure", "check function", "off specification", "maintenance required"),
)
"""DeviceHealthEnumeration by number, after NAMUR NE 107 (OPC 10000-100, 4.5.4)."""
START_TIME, CURRENT_TIME = 2257, 2258  # of SERVER_STATUS
OPERATION_LIMITS: Final = {
    11705: "MaxNodesPerRead",
    11710: "MaxNodesPerBrowse",
    2735: "MaxBrowseContinuationPoints",
    11702: "MaxArrayLength",
    11703: "MaxStringLength",
    24095: "MaxSessions",
    2277: "CurrentSessionCount",
    2272: "MinSupportedSampleRate",
}
SESSION_DIAGNOSTICS: Final = 3707
SESSION_DIAGNOSTICS_BODY: Final = 867

HIERARCHICAL: Final = 33
HAS_PROPERTY: Final = 46
EU_INFORMATION_BODY: Final = 889
RANGE_BODY: Final = 886

TYPE_NAMES: Final = {
    2365: "DataItemType",
    2368: "AnalogItemType",
    15318: "BaseAnalogType",
    17497: "AnalogUnitType",
    17570: "AnalogUnitRangeType",
    2372: "DiscreteItemType",
    2373: "TwoStateDiscreteType",
    2376: "MultiStateDiscreteType",
    11238: "MultiStateValueDiscreteType",
    68: "PropertyType",
}
"""Variable types of namespace 0 that say what a variable is (OPC 10000-8, 5.3)."""

DATA_TYPES: Final = {
    1: "Boolean",
    2: "SByte",
    3: "Byte",
    4: "Int16",
    5: "UInt16",
    6: "Int32",
    7: "UInt32",
    8: "Int64",
    9: "UInt64",
    10: "Float",
    11: "Double",
    12: "String",
    13: "DateTime",
    14: "Guid",
    15: "ByteString",
    16: "XmlElement",
    17: "NodeId",
    18: "ExpandedNodeId",
    19: "StatusCode",
    20: "QualifiedName",
    21: "LocalizedText",
    22: "ExtensionObject",
    23: "DataValue",
    24: "Variant",
    25: "DiagnosticInfo",
    26: "Number",
    27: "Integer",
    28: "UInteger",
    29: "Enumeration",
    290: "Duration",
    294: "UtcTime",
    295: "LocaleId",
    884: "Range",
    887: "EUInformation",
}


class Attribute(IntEnum):
    """Attribute ids (OPC 10000-6, annex A.1)."""

    BROWSE_NAME = 3
    VALUE = 13
    DATA_TYPE = 14
    ACCESS_LEVEL = 17
    USER_ACCESS_LEVEL = 18


class NodeClass(IntEnum):
    """The node classes that a walk asks for (OPC 10000-3, 8.29)."""

    OBJECT = 1
    VARIABLE = 2


CURRENT_READ: Final = 1  # bits of AccessLevel (OPC 10000-3, 8.57)
CURRENT_WRITE: Final = 2

POLICY_ROOT: Final = "http://opcfoundation.org/UA/SecurityPolicy#"
POLICY_NONE: Final = POLICY_ROOT + "None"
TCP_TRANSPORT: Final = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
UNECE: Final = "http://www.opcfoundation.org/UA/units/un/cefact"

MODES: Final = {1: "None", 2: "Sign", 3: "SignAndEncrypt"}  # OPC 10000-4, 7.20
TOKENS: Final = {0: "anonymous", 1: "username", 2: "certificate", 3: "issued"}  # 7.42
CLIENT: Final = 1  # ApplicationType (7.4)
DISCOVERY_SERVER: Final = 3

# Our own bounds (the project's safety page).
MOST_MESSAGE: Final = 8 * 1024 * 1024
MOST_CHUNKS: Final = 1024
MOST_CHUNK: Final = 65_536  # the receive buffer that our Hello names
MOST_ELEMENTS: Final = 15_000
MOST_DEPTH: Final = 8
MOST_SHOWN: Final = 4096  # characters of a name, bytes of a text that is no UTF-8
MOST_NODES: Final = 1000
MOST_PER_REQUEST: Final = 100
MOST_REQUEST: Final = 7_600  # every server takes chunks of 8 192 bytes (OPC 10000-6, 7.1.2.3)
MOST_TREE_DEPTH: Final = 20
MOST_PAGES: Final = 50
SESSION_SECONDS: Final = 60.0
