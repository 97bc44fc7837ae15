"""Every state and every refusal in words, so that nothing is told by color alone."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """How one state of a video link is shown: icon, tone, a badge, a headline, and a sentence for each side."""

    icon: str
    tone: str
    badge: str
    title: str
    client: str
    host: str


VIDEO = {
    "ready": State("video", "good", "Link ready", "Your video link is ready", "", "The link is ready."),
    "pending": State(
        "clock",
        "waiting",
        "Link being prepared",
        "Your video link is being prepared",
        "This usually takes a second or two. It appears here by itself, and you will find it in your mail.",
        "The meeting is being made in Zoom.",
    ),
    "delayed": State(
        "hourglass",
        "waiting",
        "Link delayed",
        "Your video link is delayed",
        "Zoom is not answering as it should. Your booking stands, we keep trying, and you get the link by mail.",
        "Zoom does not answer or its quota is spent. It is tried again by itself.",
    ),
    "unavailable": State(
        "unplugged",
        "waiting",
        "Zoom not connected",
        "Your video link will follow",
        "The host's Zoom account is not connected at the moment. Your booking stands; the link comes by mail.",
        "Zoom is not connected. The link is made and sent as soon as you connect it.",
    ),
    "failed": State(
        "alert",
        "bad",
        "No link: Zoom refused",
        "There is no video link",
        "Zoom refused to make this meeting. Your booking stands; the host has been told and will write to you.",
        "Zoom refuses to make this meeting. Tell your client another way to meet, or try again.",
    ),
    "removed": State(
        "removed",
        "bad",
        "Meeting removed",
        "The video meeting was removed",
        "The link no longer works. Your booking stands; the host can tell you how you meet.",
        "The meeting no longer exists in Zoom.",
    ),
    "deleted_in_zoom": State(
        "removed",
        "bad",
        "Deleted in Zoom",
        "The video meeting was deleted in Zoom",
        "The link no longer works. Your booking stands; the host can restore the meeting or tell you how you meet.",
        "You deleted the meeting in Zoom. Restore it, or accept that there is none.",
    ),
    "accepted": State(
        "removed",
        "bad",
        "No video meeting",
        "There is no video meeting any more",
        "The host deleted it on purpose. Your booking stands; ask the host how you meet.",
        "You deleted the meeting in Zoom and left it at that. The client was told.",
    ),
    "moved": State(
        "moved",
        "waiting",
        "Moved in Zoom",
        "The host moved the meeting in Zoom",
        "Your link is the same, but Zoom has another time than your booking.",
        "You moved the meeting in Zoom. Accept the new time, or restore the booked one.",
    ),
    "none": State("place", "", "No video link", "No video link", "", "This is not a video session."),
}


def link(booking: dict[str, Any]) -> State:
    """Say where a booking's video link is; a meeting moved or deleted in Zoom is a state of its own."""
    video = booking["video"]
    if video["state"] == "ready" and video.get("moved_to"):
        return VIDEO["moved"]
    if video["state"] == "removed":
        return VIDEO.get(video.get("removed_because") or "", VIDEO["removed"])
    return VIDEO[video["state"]]


STATUS = {"confirmed": ("check", "Confirmed"), "canceled": ("removed", "Canceled")}

MAIL_STATE = {
    "queued": ("clock", "Waiting to be sent"),
    "sent": ("check", "Sent"),
    "retrying": ("hourglass", "Not sent yet; it is tried again"),
    "failed": ("alert", "Could not be sent"),
}

TONE = {
    "waiting": "warn",
    "confirmed": "good",
    "queued": "",
    "sent": "good",
    "retrying": "warn",
    "failed": "bad",
    "connected": "good",
    "needs_reconnect": "warn",
}
"""The color that goes with a state; what is not here has none."""
