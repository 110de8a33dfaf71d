package io.github.qcow4j.cli.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chains that have no end, or none worth waiting for. */
final class HostileChainsTest {

  private static final int DEEP = 10_000;

  private static final List<String> WALKING =
      List.of(
          "info --backing-chain IMAGE",
          "info --backing-chain --output=json IMAGE",
          "check IMAGE",
          "map IMAGE",
          "convert -O raw IMAGE OUT",
          "convert -O qcow2 IMAGE OUT",
          "measure -O qcow2 IMAGE",
          "compare IMAGE IMAGE",
          "commit IMAGE",
          "rebase -b  IMAGE",
          "resize IMAGE +64k",
          "create -f qcow2 -F qcow2 -b IMAGE OUT");

  // Ten thousand files take a disk what time it likes.
  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  private Scene scene;

  @BeforeEach
  void prepare() throws IOException {
    scene = Scene.in(directory);
  }

  @Test
  void aChainOfTenThousandIsRefusedAtTheLimit() throws IOException {
    Path top = deepChain();

    for (String words : WALKING) {
      assertOrderly(scene.asQemuImg(top, words));
    }
    Encounter convert = scene.asQemuImg(top, "convert -O raw IMAGE OUT");
    assertThat(convert.run().exitCode()).isEqualTo(1);
    assertThat(convert.calls()).filteredOn(call -> call.is("open")).hasSizeLessThanOrEqualTo(257);
    assertOrderly(scene.asQcow4j(top, "chain IMAGE"));
    assertOrderly(scene.asQcow4j(top, "flatten IMAGE"));
  }

  /** All of it was opened, as the chains of a home may be. */
  @Test
  void noBoxIsMadeOfAChainOfTenThousandAndNoMoreOpenedThanTheLimit() throws IOException {
    Path top = deepChain();

    for (Delivery delivery : Delivery.OF_A_FILE) {
      Encounter encounter = scene.asBox(top, delivery, "same-dir");
      assertNoBox(encounter);
      assertThat(encounter.run().stderr()).contains("more than 256 layers");
    }
  }

  /**
   * Each layer asked the one below in a call of its own, until the stack ended; where that was
   * within a call of a file, closing the file waited for ever.
   */
  @Test
  void aChainOfTenThousandThatIsAllowedIsReadWithoutAStackAsDeep() throws IOException {
    Path top = deepChain();
    LeakWatch watch = new LeakWatch(scene.uploads());

    for (String words :
        List.of(
            "info --backing-chain --max-chain=20000 IMAGE",
            "convert --max-chain=20000 -O raw IMAGE OUT",
            "map --max-chain=20000 IMAGE",
            "checksum --max-chain=20000 IMAGE",
            "chain --max-chain=20000 IMAGE")) {
      OurRun run = scene.asQcow4j(top, words).run();
      assertThat(run.exitCode()).as("%s", run).isZero();
      // To close each by the one above it was more than the stack had room for.
      assertThat(watch.openFiles()).isEmpty();
    }
  }

  @Test
  void loopsAreRefusedByEveryCommandThatWalksThem() throws IOException {
    Path self = link("self.qcow2", "self.qcow2");
    link("b.qcow2", "a.qcow2");
    Path ring = link("a.qcow2", "b.qcow2");
    Files.createLink(scene.uploads().resolve("alias"), link("hard.qcow2", "alias"));
    Path hard = scene.uploads().resolve("hard.qcow2");

    for (Path loop : List.of(self, ring, hard)) {
      for (String words : WALKING) {
        assertOrderly(scene.asQemuImg(loop, words));
      }
      for (Delivery delivery : Delivery.OF_A_FILE) {
        Encounter encounter = scene.asBox(loop, delivery, "same-dir");
        assertNoBox(encounter);
        assertThat(encounter.run().stderr()).contains("infinite loop");
      }
      OurRun convert = scene.asQemuImg(loop, "convert -O raw IMAGE OUT").run();
      assertThat(convert.exitCode()).isEqualTo(1);
      assertThat(convert.stderr()).contains("infinite loop");
    }
  }

  /** Eleven of them filled the heap. */
  @Test
  void longestL1TablesOnOneAnotherAreRefusedBeforeTheyFillTheMemory() throws IOException {
    assertThat(scene.asQemuImg(longestL1Tables(5), "map IMAGE").run().exitCode()).isZero();
    Path nine = longestL1Tables(9);
    for (String words : WALKING) {
      assertOrderly(scene.asQemuImg(nine, words));
    }
    OurRun map = scene.asQemuImg(nine, "map IMAGE").run();
    assertThat(map.exitCode()).isEqualTo(1);
    assertThat(map.stderr()).contains("The L1 tables of the chain are too large together");
  }

  /** Each alone names no more again than may be; together they would be walked 256 times. */
  @Test
  void layersThatAllNameTheirL2TablesAgainKeepNoCommandWalking() throws IOException {
    Path top = repeatingLayers(256);
    for (String words : WALKING) {
      Encounter encounter = scene.asQemuImg(top, words);
      // Which looks at the image alone, and tells all that it finds.
      if (!encounter.command().isCheck()) {
        assertOrderly(encounter);
      }
    }
    OurRun map = scene.asQemuImg(top, "map IMAGE").run();
    assertThat(map.exitCode()).isEqualTo(1);
    assertThat(map.stderr())
        .contains("The L1 tables of the chain name L2 tables again too often together");
  }

  /** Every layer has one cluster in 256 that those above it have not. */
  private Path repeatingLayers(int layers) throws IOException {
    Path below = null;
    for (int i = 0; i < layers; i++) {
      Path image = scene.uploads().resolve("repeating" + i);
      List<String> words = new ArrayList<>(List.of("create", "-q", "-u", "-f", "qcow2"));
      if (below != null) {
        words.addAll(List.of("-b", below.toString(), "-F", "qcow2"));
      }
      words.addAll(List.of(image.toString(), "16G"));
      OurRun made = OurRun.asQemuImg(words);
      assertThat(made.exitCode()).as("%s", made).isZero();
      int own = i;
      ImageSurgeon.operate(
          image,
          surgeon -> {
            long table = surgeon.appendClusters(2);
            for (int j = 0; j < 32; j++) {
              surgeon.setL1Entry(j, table);
            }
            int clusterSize = surgeon.clusterSizeBytes();
            ByteBuffer entries = ByteBuffer.allocate(clusterSize);
            for (int j = own; j < clusterSize / Long.BYTES; j += layers) {
              entries.putLong(j * Long.BYTES, table + clusterSize);
            }
            surgeon.write(table, entries.array());
          });
      below = image;
    }
    return below;
  }

  @Test
  void aLayerWithWhichTheChainWouldNotBeOpenedIsNotMade() throws IOException {
    Path eight = longestL1Tables(8);
    Path small = scene.uploads().resolve("small");
    assertThat(OurRun.asQemuImg("create", "-q", "-f", "qcow2", small.toString(), "64k").exitCode())
        .isZero();
    byte[] before = Files.readAllBytes(small);
    for (List<String> words :
        List.of(
            List.of("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "" + eight, "OUT"),
            List.of("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "" + eight, "OUT", "64k"),
            List.of("convert", "-O", "qcow2", "-F", "qcow2", "-B", "" + eight, "" + small, "OUT"),
            List.of("rebase", "-F", "qcow2", "-b", "" + eight, "" + small))) {
      Path out = scene.uploads().resolve("out");
      OurRun run =
          OurRun.asQemuImg(
              words.stream().map(word -> word.equals("OUT") ? out.toString() : word).toList());
      assertThat(run.exitCode()).as("%s", run).isEqualTo(1);
      assertThat(run.stderr())
          .endsWith("The L1 tables of the chain are too large together\n")
          .hasLineCount(1);
      assertThat(out).doesNotExist();
      assertThat(Files.readAllBytes(small)).isEqualTo(before);
    }
  }

  /** From the ninth on nobody looks at what is below, or it would not be made. */
  private Path longestL1Tables(int layers) {
    Path below = null;
    for (int i = 0; i < layers; i++) {
      Path image = scene.uploads().resolve("long" + layers + "-" + i);
      List<String> words = new ArrayList<>(List.of("create", "-q", "-f", "qcow2"));
      if (below != null) {
        words.addAll(List.of("-b", below.toString(), "-F", "qcow2"));
        words.addAll(i < 8 ? List.of() : List.of("-u"));
      }
      words.addAll(List.of(image.toString(), "2P"));
      OurRun made = OurRun.asQemuImg(words);
      assertThat(made.exitCode()).as("%s", made).isZero();
      below = image;
    }
    return below;
  }

  private static void assertNoBox(Encounter encounter) {
    assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isBetween(1, 8);
    assertOneLineAtMost(encounter);
    assertThat(encounter.calls()).filteredOn(call -> call.is("open")).hasSizeLessThan(300);
  }

  private static void assertOrderly(Encounter encounter) {
    assertThat(encounter.run().exitCode()).as("%s", encounter.run().arguments()).isBetween(0, 3);
    assertOneLineAtMost(encounter);
  }

  private static void assertOneLineAtMost(Encounter encounter) {
    assertThat(encounter.run().stderr())
        .doesNotContain("internal error", "Exception", "Cannot allocate memory");
    assertThat(encounter.run().stderr().lines())
        .hasSizeLessThanOrEqualTo(encounter.command().mostLines());
  }

  /** An image of one small overlay after the other; the first names a file that is not there. */
  private Path deepChain() throws IOException {
    Path first = link("0", "0000000000.qcow2");
    byte[] bytes = Files.readAllBytes(first);
    long nameOffset;
    try (ImageSurgeon surgeon = ImageSurgeon.open(first)) {
      nameOffset = surgeon.get(HeaderField.BACKING_FILE_OFFSET);
    }
    for (int i = 1; i <= DEEP; i++) {
      byte[] name = name(i - 1).getBytes(UTF_8);
      ByteBuffer.wrap(bytes).position(Math.toIntExact(nameOffset)).put(name);
      Files.write(scene.uploads().resolve(name(i)), bytes);
    }
    Files.write(scene.uploads().resolve(name(0)), withoutBackingFile(bytes));
    return scene.uploads().resolve(name(DEEP));
  }

  private static byte[] withoutBackingFile(byte[] bytes) {
    byte[] base = Arrays.copyOf(bytes, bytes.length);
    ByteBuffer.wrap(base).putLong(HeaderField.BACKING_FILE_OFFSET.offset(), 0);
    return base;
  }

  private static String name(int number) {
    return "%010d.qcow2".formatted(number);
  }

  private Path link(String name, String backingName) {
    Path image = scene.uploads().resolve(name);
    OurRun made =
        OurRun.asQemuImg(
            "create", "-q", "-f", "qcow2", "-o", "cluster_size=512", image.toString(), "1M");
    assertThat(made.exitCode()).as("%s", made).isZero();
    return ImageSurgeon.operate(
        image,
        surgeon ->
            surgeon
                .extensions()
                .remove(HeaderExtensions.FEATURE_NAMES)
                .append(HeaderExtensions.BACKING_FORMAT, "qcow2".getBytes(UTF_8))
                .setBackingName(backingName));
  }
}
