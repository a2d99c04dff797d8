package bench;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;

/** One subscription of the backend for all clients; one that is too slow misses events. */
@RestController
public class FeedController {
  private static final ParameterizedTypeReference<ServerSentEvent<String>> EVENT =
      new ParameterizedTypeReference<>() {};

  private final Flux<ServerSentEvent<String>> events;

  FeedController(@Value("${bench.backend}") String backend) {
    events = WebClient.create(backend).get().uri("/feed").retrieve().bodyToFlux(EVENT).share();
  }

  @GetMapping(path = "/feed", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
  Flux<ServerSentEvent<String>> feed() {
    return events.onBackpressureDrop();
  }
}
