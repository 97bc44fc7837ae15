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

MAIL_KIND = {
    "client_confirmation": "Confirmation to the client",
    "host_notification": "Notification to you",
    "client_rescheduled": "New time to the client",
    "host_rescheduled": "New time to you",
    "client_canceled": "Cancellation to the client",
    "host_canceled": "Cancellation to you",
    "client_link": "Video link to the client",
    "host_link": "Video link to you",
}

TIMELINE_DETAILS = {"reason": "Reason", "cause": "Cause", "code": "Code", "error": "Error"}
"""What a line of the timeline may say beside its text; the rest of its detail is for programs."""

CONNECTION = {
    "connected": ("check", "Connected"),
    "disconnected": ("unplugged", "Not connected"),
    "needs_reconnect": ("alert", "Needs to be connected again"),
}

CAUSE = {"disconnected": "You disconnected Zoom", "deauthorized": "Punctual was removed in Zoom"}

COMPLIANCE = {
    "posted": "confirmed to Zoom",
    "pending": "being confirmed to Zoom",
    "not_required": "no confirmation needed",
    "failed": "Zoom did not take the confirmation",
}

PERMISSIONS = (
    ("user:read:user", "See which Zoom account it is: its name, e-mail address and time zone"),
    ("meeting:write:meeting", "Make a meeting when somebody books you"),
    ("meeting:update:meeting", "Move that meeting when the booking is moved"),
    ("meeting:delete:meeting", "Delete that meeting when the booking is canceled"),
    ("meeting:read:list_meetings", "Look whether a meeting exists already, so that none is ever made twice"),
    ("meeting:read:meeting", "Check that a meeting is still as it should be"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a try to connect Zoom, and the one thing to do next."""

    title: str
    text: str
    button: str = "Connect Zoom"


CONNECT_REFUSED = {
    "consent_denied": Outcome(
        "You did not allow it in Zoom",
        "Nothing was connected. Punctual can only make meetings for you once you allow it in Zoom.",
        "Try again",
    ),
    "scopes_missing": Outcome(
        "Zoom gave fewer permissions than needed",
        "Without them meetings can't be made, moved and deleted. Connect again and leave all permissions ticked.",
        "Connect again",
    ),
    "state_expired": Outcome(
        "That took longer than ten minutes",
        "For your safety a connection that was begun is only good for ten minutes. Nothing was connected.",
        "Start again",
    ),
    "state_used": Outcome(
        "This connection was completed already",
        "The page was opened a second time, for example by reloading. Look at the connection below.",
        "Connect again",
    ),
    "state_unknown": Outcome(
        "We don't know this connection",
        "It was not begun here, or it was begun too long ago. Nothing was connected.",
        "Start again",
    ),
    "state_of_another_host": Outcome(
        "This connection was begun by somebody else",
        "Zoom is only connected for the host who asked for it. You are signed in as another one.",
        "Connect your own Zoom",
    ),
    "code_rejected": Outcome(
        "Zoom did not accept the connection",
        "Its confirmation had expired or was used before. Nothing was connected.",
        "Start again",
    ),
    "zoom_unreachable": Outcome(
        "Zoom does not answer right now",
        "Nothing was connected. Bookings go on as usual; try again in a few minutes.",
        "Try again",
    ),
    "token_store_unavailable": Outcome(
        "The connection could not be kept",
        "The safe place for Zoom's tokens does not answer. Nothing was connected; try again in a few minutes.",
        "Try again",
    ),
    "connection_changed": Outcome(
        "The connection was changed in the meantime",
        "Somebody connected or disconnected Zoom for this host at the same moment. Look at your connections.",
        "Connect again",
    ),
}
CONNECT_FAILED = Outcome("Zoom was not connected", "Something went wrong on the way back from Zoom.", "Try again")
