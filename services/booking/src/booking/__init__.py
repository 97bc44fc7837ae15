"""The booking service: hosts, session types, availability, bookings and their timeline."""
