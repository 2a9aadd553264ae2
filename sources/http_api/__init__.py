"""An HTTP API of paged JSON: politely asked, asked again when it fails, and asked only for what changed."""
