"""What ran, from the recording: it is repeated with a trace, and counted or written down."""
