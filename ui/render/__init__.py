"""From records to lines of (text, role); what a role looks like is the front end's business."""
