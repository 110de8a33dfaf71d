package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.header.FormatLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What README says of the library is so. {@code -Dqcow4j.readme=write} writes it into README
 * instead of comparing.
 */
class ReadmeTest {

  private static final Path README = Path.of("../README.md");
  private static final Path EXAMPLE =
      Path.of("src/test/java/io/github/qcow4j/qcow2/ReadmeExampleTest.java");

  @TempDir private Path directory;

  @Test
  void theTableOfFeaturesSaysWhatCameOutOfTryingThem() throws IOException {
    List<String> table = new ArrayList<>();
    table.add("| Feature | Shown | Read |");
    table.add("|---|---|---|");
    for (SupportedFeature feature : SupportedFeature.values()) {
      table.add(feature.row(directory));
    }
    assertBlock("features", table);
  }

  @Test
  void theTableOfLimitsHasTheValuesOfTheCode() throws IOException {
    assertBlock(
        "limits",
        List.of(
            "| Limit | Value |",
            "|---|---|",
            "| cluster size | 2^"
                + FormatLimits.MIN_CLUSTER_BITS
                + " to 2^"
                + FormatLimits.MAX_CLUSTER_BITS
                + " bytes |",
            "| L1 table | " + mebibytes(FormatLimits.MAX_L1_BYTES) + " |",
            "| refcount table | " + mebibytes(FormatLimits.MAX_REFCOUNT_TABLE_BYTES) + " |",
            "| internal snapshots | "
                + FormatLimits.MAX_SNAPSHOTS
                + ", their table "
                + mebibytes(FormatLimits.MAX_SNAPSHOT_TABLE_BYTES)
                + ", extra data of one "
                + FormatLimits.MAX_SNAPSHOT_EXTRA_BYTES
                + " bytes |",
            "| bitmaps | "
                + FormatLimits.MAX_BITMAPS
                + ", data of one "
                + mebibytes(FormatLimits.MAX_BITMAP_DATA_BYTES)
                + ", all tables "
                + mebibytes(FormatLimits.MAX_BITMAP_TABLES_BYTES)
                + " more than the file's storage |",
            "| backing file name | "
                + FormatLimits.MAX_BACKING_NAME_BYTES
                + " bytes, inside the first cluster |",
            "| images in a chain | "
                + ImageOptions.DEFAULT_MAX_CHAIN_LAYERS
                + " (`ImageOptions.withMaxChainLayers`) |",
            "| L1 tables of a whole chain | "
                + mebibytes(FormatLimits.MAX_CHAIN_L1_BYTES)
                + ", of L2 tables that they name again "
                + mebibytes(FormatLimits.MAX_REPEATED_L2_BYTES)
                + ", of extended ones "
                + (FormatLimits.MAX_REPEATED_EXTENDED_L2_BYTES >> 10)
                + " KiB |",
            "| virtual size | "
                + (Disks.QCOW2.maxVirtualSize() == Long.MAX_VALUE ? "none" : "some")
                + " (`ImageOptions.withMaxVirtualSize`) |",
            "| L2 tables in memory, of a whole chain | "
                + mebibytes(Disks.QCOW2.l2CacheBytes())
                + " (`ImageOptions.withL2CacheBytes`) |"));
  }

  @Test
  void theExampleIsOneThatIsCompiledAndRun() throws IOException {
    List<String> example =
        Files.readAllLines(EXAMPLE).stream()
            .dropWhile(line -> !line.contains("// README begins"))
            .skip(1)
            .takeWhile(line -> !line.contains("// README ends"))
            .map(line -> line.startsWith("  ") ? line.substring(2) : line)
            .toList();
    assertThat(example).isNotEmpty().last().isEqualTo("");
    List<String> block = new ArrayList<>(example.subList(0, example.size() - 1));
    block.addFirst("```java");
    block.addLast("```");
    assertBlock("example", block);
  }

  private static String mebibytes(long bytes) {
    return (bytes >> 20) + " MiB";
  }

  private static void assertBlock(String name, List<String> lines) throws IOException {
    String readme = Files.readString(README);
    String begin = "<!-- " + name + ": written by ReadmeTest -->\n";
    String end = "<!-- end of " + name + " -->";
    int from = readme.indexOf(begin) + begin.length();
    int to = readme.indexOf(end);
    assertThat(readme).contains(begin, end);
    String block = String.join("\n", lines) + "\n";
    if ("write".equals(System.getProperty("qcow4j.readme"))) {
      Files.writeString(README, readme.substring(0, from) + block + readme.substring(to));
    } else {
      assertThat(readme.substring(from, to))
          .as("README, %s: run with -Dqcow4j.readme=write and look at the difference", name)
          .isEqualTo(block);
    }
  }
}
