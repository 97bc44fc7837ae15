"""Every state and every refusal in words, so that nothing is told by color alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """How one state of a video link is shown: its icon, a headline, and a sentence for each side."""

    icon: str
    title: str
    client: str
    host: str


VIDEO = {
    "ready": State("video", "Your video link is ready", "", "The link is ready."),
    "pending": State(
        "clock",
        "Your video link is being prepared",
        "This usually takes a second or two. It appears here by itself, and you will find it in your mail.",
        "The meeting is being made in Zoom.",
    ),
    "delayed": State(
        "hourglass",
        "Your video link is delayed",
        "Zoom is not answering as it should. Your booking stands, we keep trying, and you get the link by mail.",
        "Zoom does not answer or its quota is spent. It is tried again by itself.",
    ),
    "unavailable": State(
        "unplugged",
        "Your video link will follow",
        "The host's Zoom account is not connected at the moment. Your booking stands; the link comes by mail.",
        "Zoom is not connected. The link is made and sent as soon as you connect it.",
    ),
    "failed": State(
        "alert",
        "There is no video link",
        "Zoom refused to make this meeting. Your booking stands; the host has been told and will write to you.",
        "Zoom refuses to make this meeting. Tell your client another way to meet, or try again.",
    ),
    "removed": State(
        "removed",
        "The video meeting was removed",
        "The link no longer works.",
        "The meeting no longer exists in Zoom.",
    ),
    "none": State("place", "No video link", "", "This is not a video session."),
}

STATUS = {"confirmed": ("check", "Confirmed"), "canceled": ("removed", "Canceled")}

MAIL_STATE = {
    "queued": ("clock", "Waiting to be sent"),
    "sent": ("check", "Sent"),
    "retrying": ("hourglass", "Not sent yet; it is tried again"),
    "failed": ("alert", "Could not be sent"),
}

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
