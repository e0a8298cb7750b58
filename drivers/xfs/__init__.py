"""XFS4IoT (CWA 17852), the vendor-neutral way to a device: a client for any service of any device class.

ws://127.0.0.1:5846/xfs4iot/v1.0            a service publisher
ws://127.0.0.1:5846/xfs4iot/v1.0/PinPad     a service itself
xfs:127.0.0.1                               discovery: ports 80, 443 and 5846 to 5856 of a host
sim:NAME                                    whatever the far end's rendezvous file says
"""

from drivers.xfs.channel import FRAME_LIMIT, QUIET, Channel, Dial, MemoryChannel, WebSocketChannel, dial
from drivers.xfs.client import PATH, PORTS, Hear, XfsClient, XfsRefused
from drivers.xfs.talk import Broken, Message, Payload, Stray, XfsConversation, unpack

__all__ = [
    "FRAME_LIMIT",
    "PATH",
    "PORTS",
    "QUIET",
    "Broken",
    "Channel",
    "Dial",
    "Hear",
    "MemoryChannel",
    "Message",
    "Payload",
    "Stray",
    "WebSocketChannel",
    "XfsClient",
    "XfsConversation",
    "XfsRefused",
    "dial",
    "unpack",
]
