package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An image whose refcount table has an entry that can lead to no block is read, and is changed by
 * no command but {@code check --repair}, after which all do. QEMU 7.2 looks at an entry when it
 * comes to it: {@code rebase -u}, {@code amend} and {@code resize} succeed there, a snapshot fails
 * half way and marks the image corrupt. That an image is damaged is told by the first command that
 * would change it here, of its header too.
 */
final class ImpossibleRefcountTableTest {

  @TempDir private Path directory;

  private Workbench bench;
  private Path image;

  @BeforeEach
  void makeImage() {
    bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 4 << 20, "write -P 1 0 1M");
    bench.image("other.qcow2", "", 4 << 20, "write -P 1 0 1M");
    image = bench.overlay("image.qcow2", "", "base.qcow2", "write -P 2 64k 128k");
    bench.snapshot(image, "first");
  }

  private List<OurRun> changes() {
    String other = directory.resolve("other.qcow2").toString();
    return List.of(
        run("rebase", "-u", "-b", other, "-F", "qcow2"),
        run("amend", "-o", "lazy_refcounts=on"),
        run("resize", "+1M"),
        run("snapshot", "-c", "second"),
        run("bitmap", "--add", "b0"));
  }

  private OurRun run(String... words) {
    List<String> line = new ArrayList<>(Arrays.asList(words));
    int last = List.of("resize", "bitmap").contains(words[0]) ? line.size() - 1 : line.size();
    line.add(last, image.toString());
    return OurRun.asQemuImg(line);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 8000000000020000, lies beyond all that an image can have",
    "0, 0000000000020200, unaligned",
    "1, 8000000000000000, lies beyond all that an image can have",
    "1, 0000000000020200, unaligned",
    "1, 0000000000020000, is named twice"
  })
  void isRefusedByAllThatChangesTheImageUntilItIsRepaired(int index, String entry, String reason)
      throws IOException {
    String shown = content();
    ImageSurgeon.operate(
        image, surgeon -> surgeon.setRefcountTableEntry(index, Long.parseUnsignedLong(entry, 16)));
    byte[] damaged = Files.readAllBytes(image);

    for (OurRun change : changes()) {
      assertThat(change.exitCode()).as("%s", change).isOne();
      assertThat(change.stderr()).contains(reason).hasLineCount(1);
    }
    assertThat(Arrays.mismatch(Files.readAllBytes(image), damaged)).isEqualTo(-1);
    assertThat(run("snapshot", "-l").stdout()).contains(" first ");
    assertThat(run("check").exitCode()).isIn(1, 2);

    OurRun repair = run("check", "-r", "all");
    assertThat(repair.exitCode()).as("%s", repair).isZero();
    assertThat(content()).isEqualTo(shown);
    assertAllChangesGo();
  }

  /** A block that may be there, in a file that was cut, is no reason to refuse. */
  @Test
  void aBlockBehindTheEndOfTheFileRefusesNoneOfThem() {
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcountTableEntry(1, (1L << 56) - 65_536));
    for (OurRun change : changes()) {
      assertThat(change.exitCode()).as("%s", change).isZero();
    }
  }

  private void assertAllChangesGo() {
    for (OurRun change : changes()) {
      assertThat(change.exitCode()).as("%s", change).isZero();
    }
    bench.qemu().assertCheckClean(image);
  }

  private String content() throws IOException {
    Path raw = directory.resolve("content.raw");
    OurRun run = OurRun.asQemuImg("convert", "-O", "raw", image.toString(), raw.toString());
    assertThat(run.exitCode()).as("%s", run).isZero();
    return ContentDigest.ofRaw(raw);
  }
}
