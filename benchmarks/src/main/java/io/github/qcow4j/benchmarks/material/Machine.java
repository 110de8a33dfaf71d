package io.github.qcow4j.benchmarks.material;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** What this machine is, as far as it matters to the figures. */
public final class Machine {

  private Machine() {}

  /** Lines of Markdown, with the version of qemu-img, which must be there. */
  public static List<String> describe() throws IOException {
    return List.of(
        "- " + LocalDate.now(ZoneOffset.UTC),
        "- %d × %s, %d GiB of memory, Linux %s"
            .formatted(
                Runtime.getRuntime().availableProcessors(),
                value("/proc/cpuinfo", "model name"),
                Long.parseLong(value("/proc/meminfo", "MemTotal").split(" ", -1)[0]) >> 20,
                Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip()),
        "- " + Program.require("qemu-img").run(List.of("--version")).lines().findFirst().orElse(""),
        "- Java " + Runtime.version() + options());
  }

  /** What tells it from other machines, and what runs on it from other versions, in one line. */
  public static String identity() throws IOException {
    return String.join("; ", describe().stream().skip(1).map(line -> line.substring(2)).toList());
  }

  private static String options() {
    String options = System.getenv("QCOW4J_JAVA_OPTIONS");
    return options == null ? "" : ", QCOW4J_JAVA_OPTIONS=" + options;
  }

  /** The load of the last minute. */
  public static String load() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ", -1)[0];
  }

  private static String value(String file, String key) throws IOException {
    return Files.readAllLines(Path.of(file)).stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown");
  }
}
