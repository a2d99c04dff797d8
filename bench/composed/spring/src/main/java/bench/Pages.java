package bench;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Pages {
  public static void main(String[] args) {
    SpringApplication.run(Pages.class, args);
  }
}
