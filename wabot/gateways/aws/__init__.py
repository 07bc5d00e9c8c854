"""Amazon's services through boto3: blocking, so always in threads or before the event loop."""
