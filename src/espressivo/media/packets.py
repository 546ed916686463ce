"""Packets and frames of an open container; damage ends or interrupts them instead of raising."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame

from espressivo.media.source import damaged

Frame = AudioFrame | VideoFrame


def packets_of(container: InputContainer, *streams: Stream) -> Iterator[Packet]:
    """Packets of `streams` up to the end, or up to where the file breaks off."""
    try:
        if streams:  # none would mean all to PyAV
            yield from container.demux(*streams)
    except av.FFmpegError as error:
        if not damaged(error):
            raise


def decoded(stream: Stream, packets: Iterable[Packet]) -> Iterator[Frame]:
    """The frames of `stream` out of `packets`; broken packets are passed over."""
    for packet in packets:
        if packet.stream.index == stream.index:  # its own `stream_index` is 0 in the packets that flush
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                if not damaged(error):
                    raise


def moment(packet: Packet) -> float | None:
    """When the packet is to be shown or heard, in seconds of the container's clock, where it says so."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else float(stamp * packet.time_base)
