package bench;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.ResponseEntity;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The pages of bench/composed/part.ts: calls begin at once, have a time each, and end with the request. */
@RestController
public class PagesController {
  private static final Duration PART_TIMEOUT = Duration.ofMillis(800);
  private static final Duration PAGE_TIMEOUT = Duration.ofMillis(2000);
  private static final Part NO_PART = new Part("", List.of());
  private static final List<String> NAMES =
      List.of(
          "profile", "orders", "offers", "cart", "wishes", "reviews", "points", "messages", "devices", "addresses");

  private final WebClient parts;

  PagesController(@Value("${bench.backend}") String backend) {
    ConnectionProvider pool =
        ConnectionProvider.builder("parts").maxConnections(256).pendingAcquireMaxCount(-1).build();
    HttpClient http = HttpClient.create(pool).responseTimeout(PART_TIMEOUT);
    parts = WebClient.builder().baseUrl(backend).clientConnector(new ReactorClientHttpConnector(http)).build();
  }

  /** What goes out is what these have. */
  public record Item(String id, int total) {}

  public record Part(String name, List<Item> items) {}

  @GetMapping("/one/{id}")
  Mono<ResponseEntity<Map<String, Part>>> one(@PathVariable String id) {
    return page(List.of(part("parts", "profile", id)), 1);
  }

  @GetMapping("/three/{id}")
  Mono<ResponseEntity<Map<String, Part>>> three(@PathVariable String id) {
    return page(
        List.of(part("parts", "profile", id), part("parts", "orders", id), part("parts", "offers", id)), 3);
  }

  @GetMapping("/ten/{id}")
  Mono<ResponseEntity<Map<String, Part>>> ten(@PathVariable String id) {
    return page(NAMES.stream().map(name -> part("parts", name, id)).toList(), 10);
  }

  @GetMapping("/slow/{id}")
  Mono<ResponseEntity<Map<String, Part>>> slow(@PathVariable String id) {
    return page(
        List.of(part("parts", "profile", id), part("slow", "orders", id), part("parts", "offers", id)), 3);
  }

  @GetMapping("/failing/{id}")
  Mono<ResponseEntity<Map<String, Part>>> failing(@PathVariable String id) {
    return page(
        List.of(
            part("parts", "profile", id),
            part("parts", "orders", id),
            part("failing", "offers", id).onErrorReturn(NO_PART)),
        3);
  }

  private Mono<Part> part(String from, String name, String id) {
    return parts.get().uri("/{from}/{name}/{id}", from, name, id).retrieve().bodyToMono(Part.class);
  }

  private static Mono<ResponseEntity<Map<String, Part>>> page(List<Mono<Part>> parts, int count) {
    return Mono.zip(
            parts,
            found -> {
              Map<String, Part> page = new LinkedHashMap<>();
              boolean partial = false;
              for (int i = 0; i < count; i++) {
                page.put(NAMES.get(i), (Part) found[i]);
                partial |= found[i] == NO_PART;
              }
              ResponseEntity.BodyBuilder answer = ResponseEntity.ok();
              return partial ? answer.header("x-partial", "offers").header("cache-control", "no-store").body(page) : answer.body(page);
            })
        .timeout(PAGE_TIMEOUT);
  }
}
