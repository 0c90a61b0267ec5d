"""The reference page's request from Python. Prints the answer's body, and on the last line its status.

The number is the argument; SENT_BASE_URL, SENT_SENDER_ID and SENT_API_KEY are in the environment, the key maybe not.
"""

# Mended: the page's sample
# - needs `requests`, which does not come with Python: this is urllib, which does;
# - prints the body alone, and that is empty when all went well;
# - has no time-out, so that it may wait for ever.
import json
import os
import sys
import urllib.error
import urllib.request

message = {
    "phoneNumber": sys.argv[1],
    "templateId": "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    "messageBody": {"name": "John Doe", "order_id": "12345"},
    "webhookUrl": "https://example.com/webhook/message-status",
}
headers = {
    # Mended: "string" is no GUID.
    "x-sender-id": os.environ["SENT_SENDER_ID"],
    "Content-Type": "application/json",
}
if "SENT_API_KEY" in os.environ:
    headers["x-api-key"] = os.environ["SENT_API_KEY"]

request = urllib.request.Request(
    os.environ["SENT_BASE_URL"] + "/v1/messages/phone",
    data=json.dumps(message).encode(),
    headers=headers,
    method="POST",
)
try:
    answer = urllib.request.urlopen(request, timeout=10)
except urllib.error.HTTPError as refusal:
    # It is an answer as well, with a body to read.
    answer = refusal

with answer:
    print(answer.read().decode())
    print(answer.status)
