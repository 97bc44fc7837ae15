"""What is done for each message, and in which order; each runs in one transaction and calls nobody."""

from booking.handlers import mails, meetings
from shared import events
from shared.inbox import Handlers

HANDLERS: Handlers = {
    events.MeetingReady: meetings.client_can_be_told_where,
    events.MeetingDelayed: meetings.link_comes_later,
    events.MeetingUnavailable: meetings.link_waits_for_connection,
    events.MeetingFailed: meetings.link_will_not_come,
    events.MeetingMoved: meetings.meeting_is_elsewhere,
    events.MeetingRemoved: meetings.link_is_gone,
    events.ZoomConnected: meetings.connection_changed,
    events.ZoomDisconnected: meetings.connection_changed,
    events.ZoomNeedsReconnect: meetings.connection_changed,
    events.ZoomLinksWaiting: meetings.connection_changed,
    events.MailSent: mails.mail_is_out,
    events.MailFailed: mails.mail_is_late_or_lost,
}

__all__ = ["HANDLERS"]
