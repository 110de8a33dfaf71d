package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A size that no disk can have, whoever says it, is refused before anything is changed. */
final class ImpossibleSizeTest {

  @TempDir private Path directory;

  private SameCommand same;
  private Workbench bench;

  @BeforeEach
  void prepare() throws IOException {
    same = new SameCommand(QemuTools.require(), directory);
    bench = Workbench.in(same.master());
  }

  /**
   * Their image was one that nobody could open any more, or the failure one that nobody foresaw.
   */
  @ParameterizedTest
  @ValueSource(
      longs = {
        1000,
        (1 << 20) + 1,
        1L << 61,
        (1L << 61) - (1L << 30),
        (1L << 61) + (1L << 29),
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -512,
        -1
      })
  void aSnapshotOfADiskThatCannotBeIsNotApplied(long diskBytes) throws IOException {
    Path image = bench.snapshot(bench.image("image.qcow2", "", 1 << 20, "write 0 64k"), "first");
    ImageSurgeon.operate(
        image,
        surgeon -> surgeon.setNumber(surgeon.get(HeaderField.SNAPSHOTS_OFFSET) + 48, diskBytes));

    refusedByBoth("snapshot -a first @image.qcow2");
    refusedByBoth("amend -o compat=0.10 @image.qcow2");
    OurRun verified = OurRun.asQcow4j("verify", image.toString());
    assertThat(verified.exitCode()).as("%s", verified).isEqualTo(2);
    assertThat(verified.stdout()).startsWith("malformed-snapshots: The disk size of snapshot 1 ");
  }

  /** The greatest there can be is applied, and so is a disk of nothing. */
  @ParameterizedTest
  @ValueSource(longs = {0, 512, 1L << 50, (1L << 51) - 512})
  void aSnapshotOfADiskThatCanBeIsApplied(long diskBytes) throws IOException {
    Path image = bench.snapshot(bench.image("image.qcow2", "", 1 << 20), "first");
    ImageSurgeon.operate(
        image,
        surgeon -> surgeon.setNumber(surgeon.get(HeaderField.SNAPSHOTS_OFFSET) + 48, diskBytes));

    SameCommand.Outcome outcome = same.run("snapshot -a first @image.qcow2").succeeded();

    bench.qemu().assertCheckClean(outcome.ourDirectory().resolve("image.qcow2"));
  }

  /** Its table would be empty, with which nobody opens an image. QEMU loses the bitmap. */
  @ParameterizedTest
  @ValueSource(strings = {"512", "64k", "2M"})
  void aDiskOfNoBytesGetsNoBitmap(String clusterSize) throws IOException {
    Path image = bench.image("image.qcow2", "cluster_size=" + clusterSize, 0);

    SameCommand.Outcome outcome = same.run("bitmap --add @image.qcow2 b0");

    assertThat(outcome.theirs().exitCode()).isZero();
    assertThat(outcome.ours().exitCode()).as("%s", outcome.ours()).isOne();
    assertThat(outcome.ours().stderr()).contains("The disk has no bytes").hasLineCount(1);
    assertThat(outcome.ourDirectory().resolve("image.qcow2")).hasSameBinaryContentAs(image);
  }

  @Test
  void aDiskIsNotAmendedToASizeBeyondAllNumbers() {
    bench.image("image.qcow2", "", 1 << 20);

    SameCommand.Outcome outcome = same.run("amend -o size=8E @image.qcow2");

    outcome.agreed();
    assertThat(outcome.ours().stderr()).contains("cannot be negative");
  }

  /** A slash at its end means a directory, whoever says the name. */
  @Test
  void aBackingFileIsNotADirectory() throws IOException {
    bench.file("base.raw", new byte[512]);
    bench.image("image.qcow2", "", 512);
    bench
        .qemu()
        .img("rebase", "-u", "-b", "base.raw/", "-F", "raw", bench.path("image.qcow2") + "")
        .orFail();

    SameCommand.Outcome outcome = same.run("map @image.qcow2");

    assertThat(outcome.theirs().exitCode()).isOne();
    assertThat(outcome.ours().exitCode()).as("%s", outcome.ours()).isOne();
    assertThat(outcome.ours().stderr()).contains("a directory's");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "info @base.raw/",
        "map @base.raw/",
        "check -f qcow2 @base.raw/",
        "create -f qcow2 @base.raw/ 1M",
        "create -f qcow2 @new.qcow2/ 1M",
        "create -f qcow2 -b @base.raw/ -F raw @new.qcow2",
        "create -f qcow2 -o data_file=@data.raw/ @new.qcow2 1M",
        "convert -O qcow2 @base.raw @new.qcow2/",
        "convert -O qcow2 -o data_file=@data.raw/ @base.raw @new.qcow2",
        "convert -O qcow2 @base.raw/ @new.qcow2",
        "dd if=@base.raw/ of=@new.raw",
        "dd if=@base.raw of=@new.raw/"
      })
  void aDirectorysNameIsNoFiles(String line) throws IOException {
    Path base = bench.file("base.raw", new byte[512]);

    SameCommand.Outcome outcome = same.run(line);

    assertThat(outcome.theirs().exitCode()).as("%s", outcome.theirs()).isOne();
    assertThat(outcome.ours().exitCode()).as("%s", outcome.ours()).isOne();
    assertThat(outcome.ourDirectory()).isDirectoryNotContaining(file -> !file.endsWith("base.raw"));
    assertThat(outcome.ourDirectory().resolve("base.raw")).hasSameBinaryContentAs(base);
  }

  private void refusedByBoth(String line) throws IOException {
    SameCommand.Outcome outcome = same.run(line);
    assertThat(outcome.theirs().exitCode()).as("%s", outcome.theirs()).isOne();
    assertThat(outcome.ours().exitCode()).as("%s", outcome.ours()).isOne();
    assertThat(outcome.ours().stderr()).doesNotContain("internal error");
    Path image = same.master().resolve("image.qcow2");
    assertThat(outcome.ourDirectory().resolve("image.qcow2")).hasSameBinaryContentAs(image);
  }
}
