package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same bench command says what qemu-img says, but for the time, and writes the same. */
final class BenchAgreementTest {

  @TempDir static Path directory;

  private static final QemuTools QEMU = QemuTools.require();

  private static SameCommand same;

  @BeforeAll
  static void makeImages() throws Exception {
    same = new SameCommand(QEMU, directory);
    QEMU.create(same.master().resolve("image.qcow2"), "cluster_size=4k", 1 << 20);
    QEMU.io(same.master().resolve("image.qcow2"), "write -P 3 64k 300k");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bench",
        "bench a b",
        "bench @nothere",
        "bench -c foo @image.qcow2",
        "bench -c -1 @image.qcow2",
        "bench -c 3000000000 @image.qcow2",
        "bench -d foo @image.qcow2",
        "bench -c 10 -d 3 -o 1M @image.qcow2",
        "bench -c 3 -d 3 -o 1000k -s 1M @image.qcow2",
        "bench -c 10 --flush-interval 3 @image.qcow2",
        "bench -w -c 10 --flush-interval 3 @image.qcow2",
        "bench -w --flush-interval x @image.qcow2",
        "bench --pattern 256 -w @image.qcow2",
        "bench --pattern x -w @image.qcow2",
        "bench -i foo @image.qcow2",
        "bench -t foo @image.qcow2",
        "bench -s foo @image.qcow2",
        "bench -s -1 @image.qcow2",
        "bench -s 3G @image.qcow2",
        "bench -S 3G @image.qcow2",
        "bench -S x @image.qcow2",
        "bench -o x @image.qcow2",
        "bench -w -U @image.qcow2",
        "bench -f raw -c 5 -s 2M @image.qcow2",
        "bench -n @image.qcow2",
        "bench -i native -t writeback @image.qcow2",
        "bench -x @image.qcow2",
        "bench -c",
      })
  void wrongUsagesAreRefusedInTheSameWords(String line) {
    SameCommand.Outcome outcome = same.run(line);
    assertThat(outcome.theirs().exitCode()).isEqualTo(1);
    outcome.agreed();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bench -c 0 @image.qcow2",
        "bench -c 100 @image.qcow2",
        "bench -c 0x10 -d 1 -q -i threads -t unsafe -f qcow2 @image.qcow2",
        "bench -c 100 -d 7 -o 1000 -s 700 -S 4096 @image.qcow2",
        "bench -w -c 100 -d 7 --pattern 65 @image.qcow2",
        "bench -w -c 100 -d 7 --pattern 0x41 --flush-interval 9 @image.qcow2",
        "bench -w -c 100 -d 7 --no-drain --flush-interval 10 -S 8k @image.qcow2",
        "bench -w -c 20 -d 7 -t writethrough -s 1k -S 1k @image.qcow2",
        "bench -w -c 256 --pattern 7 @image.qcow2",
      })
  void requestsAreAnnouncedAndMadeTheSame(String line) {
    SameCommand.Outcome outcome = same.run(line);
    assertThat(outcome.ours().exitCode()).as("%s", outcome.ours()).isZero();
    assertThat(outcome.ours().stderr()).isEqualTo(outcome.theirs().stderr());
    assertThat(withoutTime(outcome.ours().stdout()))
        .isEqualTo(withoutTime(outcome.theirs().stdout()))
        .contains("TIME");
    Path ours = outcome.ourDirectory().resolve("image.qcow2");
    QEMU.assertCheckClean(ours);
    assertThat(
            QEMU.img(
                    "compare",
                    outcome.theirDirectory().resolve("image.qcow2").toString(),
                    ours.toString())
                .stdout())
        .isEqualTo("Images are identical.\n");
  }

  @Test
  void moreRequestsAtOnceThanThereCanBeThreadsAreRefused() {
    assertThat(same.run("bench -d 1025 -c 1 @image.qcow2").ours().stderr())
        .isEqualTo("qemu-img: Invalid queue depth specified\n");
  }

  /** 96 GiB in all, which is 0 to QEMU, that counts by 32 bits. */
  @Test
  void aRequestLongerThanTheDiskFailsBeforeMemoryIsTakenForIt() {
    SameCommand.Outcome outcome = same.run("bench -d 64 -c 64 -s 1536M @image.qcow2");
    assertThat(outcome.theirs().stderr())
        .isEqualTo("qemu-img: Failed request: Input/output error\n");
    outcome.agreed();
  }

  private static String withoutTime(String text) {
    return text.replaceAll("[0-9]+\\.[0-9]{3} seconds", "TIME");
  }
}
