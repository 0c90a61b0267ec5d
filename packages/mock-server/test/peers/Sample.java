import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/**
 * The reference page's request from Java. Prints the answer's body, and on the last line its status.
 *
 * <p>The number is the argument; SENT_BASE_URL, SENT_SENDER_ID and SENT_API_KEY are in the environment, the key maybe
 * not.
 */
// Mended: the page's sample has statements outside of every class.
class Sample {
  // Mended: the page catches every exception, and then ends as if all had gone well.
  public static void main(String[] arguments) throws IOException, InterruptedException {
    // Mended: a text block begins on the line after its quotes; the page's begins beside them, which does not compile.
    var message =
        """
        {
          "phoneNumber": "%s",
          "templateId": "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
          "messageBody": { "name": "John Doe", "order_id": "12345" },
          "webhookUrl": "https://example.com/webhook/message-status"
        }
        """
            .formatted(arguments[0]);

    // Mended: the page builds the request, declares it as a builder, which does not compile, and builds that once more.
    var request =
        HttpRequest.newBuilder(URI.create(System.getenv("SENT_BASE_URL") + "/v1/messages/phone"))
            // Mended: "string" is no GUID.
            .header("x-sender-id", System.getenv("SENT_SENDER_ID"))
            .header("Content-Type", "application/json")
            // Mended: the page limits the time to connect, and not the time to answer.
            .timeout(Duration.ofSeconds(10))
            .POST(BodyPublishers.ofString(message));
    var key = System.getenv("SENT_API_KEY");
    if (key != null) request.header("x-api-key", key);

    var client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    var answer = client.send(request.build(), BodyHandlers.ofString());
    System.out.println(answer.body());
    System.out.println(answer.statusCode());
  }
}
