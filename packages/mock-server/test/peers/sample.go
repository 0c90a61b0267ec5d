// The reference page's request from Go. Prints the answer's body, and on the last line its status.
//
// The number is the argument; SENT_BASE_URL, SENT_SENDER_ID and SENT_API_KEY are in the environment, the key maybe not.
package main

import (
	"encoding/json"
	"fmt"
	"io" // Mended: the page's io/ioutil has been deprecated since Go 1.16.
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	number, err := json.Marshal(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	message := strings.NewReader(`{
  "phoneNumber": ` + string(number) + `,
  "templateId": "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  "messageBody": { "name": "John Doe", "order_id": "12345" },
  "webhookUrl": "https://example.com/webhook/message-status"
}`)

	// Mended: the page drops every error, and then takes the body of an answer that is nil.
	request, err := http.NewRequest("POST", os.Getenv("SENT_BASE_URL")+"/v1/messages/phone", message)
	if err != nil {
		log.Fatal(err)
	}
	// Mended: "string" is no GUID.
	request.Header.Add("x-sender-id", os.Getenv("SENT_SENDER_ID"))
	if key, there := os.LookupEnv("SENT_API_KEY"); there {
		request.Header.Add("x-api-key", key)
	}
	request.Header.Add("Content-Type", "application/json")

	// Mended: the page's http.DefaultClient has no time-out.
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	// Mended: the page declares `body` twice, as a reader and as bytes, which does not compile.
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	fmt.Println(answer.StatusCode)
}
