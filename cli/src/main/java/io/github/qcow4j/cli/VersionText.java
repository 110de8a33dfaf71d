package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.DeflateInfo;
import io.github.qcow4j.nativeio.Libdeflate;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderTrial;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Properties;

/**
 * What {@code --version} says: the version, and those of the parts. As {@code qemu-img} it names
 * the version of that whose command line it understands, because scripts look for a number there,
 * and the parts only when asked in full.
 */
final class VersionText {

  private static final String QEMU_VERSION = "7.2.22";

  private static final List<String> LIBRARIES =
      List.of("picocli", "aircompressor-v3", "zstd-jni", "sqlite-jdbc", "lz4-java", "jackson-core");

  private final Console console;

  VersionText(Console console) {
    this.console = console;
  }

  void print(List<String> moreArguments) throws IOException {
    Properties versions = versions();
    PrintStream out = console.out();
    String own = versions.getProperty("version", "unknown");
    out.print(
        console.personality() == Personality.QEMU_IMG
            ? "qemu-img version " + QEMU_VERSION + " (qcow4j " + own + ")\n"
            : "qcow4j version " + own + "\n");
    boolean verbose =
        console.isVerbose() || moreArguments.contains("--verbose") || moreArguments.contains("-v");
    if (verbose) {
      printWaysTaken(out);
    }
    if (verbose || console.personality() == Personality.QCOW4J) {
      printParts(out, versions);
    }
  }

  private void printWaysTaken(PrintStream out) {
    ProviderInfo provider = console.volume().provider();
    out.print("file access: " + provider.name() + " (" + provider.reason() + ")\n");
    out.print(
        "    "
            + String.join(", ", provider.capabilities().stream().map(Enum::name).sorted().toList())
            + "\n");
    for (ProviderTrial trial : Volumes.trials()) {
      if (!trial.name().equals(provider.name())) {
        String refusal = trial.refusal();
        out.print(
            "    not taken: "
                + trial.name()
                + (refusal == null ? "" : ", which does not work here: " + refusal)
                + "\n");
      }
    }
    DeflateInfo deflate = Libdeflate.info();
    out.print("deflate: " + deflate.name() + " (" + deflate.reason() + ")\n");
  }

  private static void printParts(PrintStream out, Properties versions) {
    out.print(
        "runtime: Java "
            + Runtime.version()
            + ", "
            + System.getProperty("java.vm.name")
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + "\n");
    for (String library : LIBRARIES) {
      out.print("library: " + library + " " + versions.getProperty(library, "unknown") + "\n");
    }
  }

  private static Properties versions() throws IOException {
    try (InputStream resource = Main.class.getResourceAsStream("version.properties")) {
      Properties properties = new Properties();
      properties.load(resource);
      return properties;
    }
  }
}
