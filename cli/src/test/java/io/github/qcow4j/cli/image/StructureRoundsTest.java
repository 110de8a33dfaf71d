package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Structures that are changed as a whole leave the clusters of the old ones free, and the next
 * change takes these first: going there and back, however often, makes no file longer.
 */
final class StructureRoundsTest {

  private static final int ROUNDS = 5;

  private final QemuTools qemu = QemuTools.require();

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "cluster_size=512"})
  void changesOfTheRefcountWidthUseTheClustersOfTheOneBefore(String options) throws IOException {
    rounds(image(options), List.of("amend -o refcount_bits=64", "amend -o refcount_bits=1"));
    rounds(image(options), List.of("amend -o refcount_bits=8", "amend -o refcount_bits=16"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "cluster_size=512"})
  void changesOfTheVersion(String options) throws IOException {
    rounds(image(options), List.of("amend -o compat=0.10", "amend -o compat=1.1"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "cluster_size=512"})
  void changesOfTheSize(String options) throws IOException {
    rounds(image(options), List.of("resize 3G", "resize --shrink 8M"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "cluster_size=512"})
  void changesOfTheSizeOfADiskWithAFineBitmap(String options) throws IOException {
    Path image = image(options);
    run("bitmap --add -g 512", image, "fine");
    rounds(image, List.of("resize 64M", "resize --shrink 8M"));
  }

  @Test
  void bitmapsThatComeAndGo() throws IOException {
    rounds(image("cluster_size=512"), List.of("bitmap --add -g 512 : b", "bitmap --remove : b"));
  }

  /** With so many tables they stay where they were first written. */
  @Test
  void snapshotsOfADiskWithHundredsOfTables() throws IOException {
    rounds(image("cluster_size=512"), List.of("snapshot -c x", "snapshot -d x"));
  }

  private Path image(String options) {
    Path image = directory.resolve("disk.qcow2");
    qemu.create(image, options, 8 << 20);
    qemu.io(image, "write -P 3 0 4M", "write -z 5M 1M");
    return image;
  }

  private void rounds(Path image, List<String> commands) throws IOException {
    long longest = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (String command : commands) {
        List<String> sides = new ArrayList<>(List.of(command.split(" : ")));
        run(sides.removeFirst(), image, sides.toArray(String[]::new));
      }
      // The first rounds may find no room yet.
      longest = round < 2 ? Math.max(longest, Files.size(image)) : longest;
      assertThat(Files.size(image)).as("after round %d", round).isLessThanOrEqualTo(longest);
    }
    qemu.assertCheckClean(image);
  }

  private static void run(String command, Path image, String... more) {
    List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
    boolean resizing = arguments.getFirst().equals("resize");
    arguments.add(resizing ? arguments.size() - 1 : arguments.size(), image.toString());
    arguments.addAll(List.of(more));
    OurRun run = OurRun.asQcow4j(arguments.toArray(String[]::new));
    assertThat(run.exitCode()).as("%s", run).isZero();
  }
}
