package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.check.CheckReport.Outcome;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.lock.ImageLock;
import io.github.qcow4j.qcow2.lock.LockProfile;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a check says when it cannot do its work: never that an image is corrupt. */
class CheckFailureTest {

  @TempDir Path directory;

  private final FindingLog findings = new FindingLog(1000);
  private Path image;

  @BeforeEach
  void makeImage() {
    image = Workbench.in(directory).image("image.qcow2", "cluster_size=4k", 8 << 20, "write 0 6M");
  }

  @Test
  void anUnreadableL2TableEndsTheCheckWithTheStoragesOwnFailure() {
    Volume volume = UnreliableVolume.failingAt(offset(surgeon -> surgeon.l2TableOffset(4 << 20)));
    assertThatThrownBy(() -> check(volume))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ImageException.class)
        .hasMessageContaining("Input/output error");
    assertThat(findings.kept())
        .singleElement()
        .extracting(CheckFinding::message)
        .isEqualTo("ERROR: I/O error in check_refcounts_l2");
  }

  @Test
  void anUnreadableRefcountBlockIsACheckErrorForItsClustersAlone() throws IOException {
    long block = offset(surgeon -> surgeon.refcountTableEntry(0));
    CheckReport report = check(UnreliableVolume.failingAt(block));
    assertThat(report.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(report.corruptions()).isZero();
    assertThat(report.leaks()).isZero();
    assertThat(report.checkErrors()).isEqualTo(clustersInFile());
    assertThat(findings.kept().getFirst().message())
        .isEqualTo("Can't get refcount for cluster 0: Input/output error");
  }

  @Test
  void anUnreadableRefcountBlockEndsAnInspection() throws IOException {
    Volume volume = UnreliableVolume.failingAt(offset(surgeon -> surgeon.refcountTableEntry(0)));
    try (ImageCheck check = ImageCheck.open(volume, image)) {
      assertThatThrownBy(() -> check.inspect(findings, new JobControl()))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ImageException.class)
          .hasMessageContaining("Input/output error");
    }
  }

  @Test
  void anUnreadableRefcountBlockIsNoReasonToCallADirtyImageCorrupt() throws IOException {
    Volume volume = UnreliableVolume.failingAt(offset(surgeon -> surgeon.refcountTableEntry(0)));
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      Qcow2Header header = HeaderParser.parse(file, false);
      assertThatThrownBy(() -> ImageRepair.repairDirty(file, header, findings))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ImageException.class)
          .hasMessageContaining("Input/output error");
    }
  }

  @Test
  void countsThatCannotBeReadAreNotWrittenAnewAsZeros() throws IOException {
    Path small =
        Workbench.in(directory)
            .image("small.qcow2", "cluster_size=1k,refcount_bits=64", 1 << 20, "write 0 1M");
    long[] block = {0};
    ImageSurgeon.operate(
        small,
        surgeon -> {
          surgeon.setRefcountTableEntry(0, surgeon.refcountTableEntry(0) + 512);
          surgeon.setL2Entry(0, surgeon.l2Entry(0) + 512);
          block[0] = surgeon.refcountTableEntry(3);
        });
    byte[] before = Files.readAllBytes(small);
    try (ImageRepair repair = ImageRepair.open(UnreliableVolume.failingAt(block[0]), small)) {
      assertThatThrownBy(() -> repair.run(RepairScope.ALL, findings, new JobControl()))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ImageException.class)
          .hasMessageContaining("Input/output error");
    }
    assertThat(Files.readAllBytes(small)).isEqualTo(before);
  }

  @Test
  void anUnreadableHeaderOrRefcountTableOpensNothing() {
    assertThatThrownBy(() -> check(UnreliableVolume.failingAt(0)))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ImageException.class);
    assertThatThrownBy(() -> check(UnreliableVolume.failingAt(4096)))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ImageException.class);
    assertThat(findings.kept()).isEmpty();
  }

  /** It made a file of 15 GB out of one of 11 KB, for tables that nothing but the header named. */
  @Test
  void aSnapshotTableThatIsTheHeaderIsRefusedBeforeARepairWrites() throws IOException {
    ImageSurgeon.operate(
        image,
        surgeon -> {
          surgeon.set(HeaderField.NB_SNAPSHOTS, 70_000);
          surgeon.set(HeaderField.SNAPSHOTS_OFFSET, 0);
        });
    byte[] before = Files.readAllBytes(image);
    try (ImageRepair repair = ImageRepair.open(Volumes.host(), image)) {
      assertThatThrownBy(() -> repair.run(RepairScope.ALL, findings, new JobControl()))
          .isInstanceOf(CorruptImageException.class)
          .hasMessage("Snapshot table overlaps the image header");
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @Test
  void aFileOfMoreThanTwoToThe31ClustersIsTooLarge() throws IOException {
    Path small = Workbench.in(directory).image("small.qcow2", "cluster_size=512", 1 << 20);
    ImageSurgeon.operate(small, surgeon -> surgeon.truncate(1L << 40));
    assertThatThrownBy(() -> check(Volumes.host(), small))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("File too large");
    ImageSurgeon.operate(small, surgeon -> surgeon.truncate((1L << 40) - 512));
    assertThat(check(Volumes.host(), small).outcome()).isEqualTo(Outcome.CONSISTENT);
  }

  @Test
  void aCheckCanBeCancelledAndFollowed() throws IOException {
    JobControl cancelled = new JobControl();
    cancelled.cancel();
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      assertThatThrownBy(() -> check.run(findings, cancelled))
          .isInstanceOf(JobCancelledException.class);
      JobControl followed = new JobControl();
      assertThat(check.run(findings, followed).outcome()).isEqualTo(Outcome.CONSISTENT);
      assertThat(followed.doneUnits()).isEqualTo(followed.totalUnits()).isPositive();
    }
  }

  @Test
  void anImageThatSomebodyWritesToIsLeftAloneUnlessForced() throws IOException {
    try (BlockFile writer = Volumes.host().open(image, OpenOptions.writing())) {
      ImageLock.acquire(writer, LockProfile.WRITING);
      assertThatThrownBy(() -> ImageCheck.open(Volumes.host(), image))
          .isInstanceOf(ImageInUseException.class);
      try (ImageCheck check = ImageCheck.openBesideWriters(Volumes.host(), image)) {
        assertThat(check.run(findings, new JobControl()).outcome()).isEqualTo(Outcome.CONSISTENT);
      }
    }
  }

  @Test
  void aLogKeepsTheFirstFindingsAndCountsTheRest() throws IOException {
    ImageSurgeon.operate(
        image,
        surgeon -> {
          for (int i = 0; i < 50; i++) {
            surgeon.setRefcount((100 + i) * 4096L, 2);
          }
        });
    FindingLog few = new FindingLog(10);
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      CheckReport report = check.run(few, new JobControl());
      assertThat(report.leaks()).isEqualTo(50);
      assertThat(few.kept())
          .hasSize(10)
          .first()
          .isEqualTo(new RefcountFinding.LeakedCluster(100, 2, 1));
      assertThat(few.dropped()).isEqualTo(report.leaks() + report.corruptions() - 10);
    }
  }

  private CheckReport check(Volume volume) throws IOException {
    return check(volume, image);
  }

  private CheckReport check(Volume volume, Path path) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, path)) {
      return check.run(findings, new JobControl());
    }
  }

  private long clustersInFile() {
    return (offset(ImageSurgeon::lengthBytes) + 4095) / 4096;
  }

  private long offset(java.util.function.ToLongFunction<ImageSurgeon> question) {
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      return question.applyAsLong(surgeon);
    }
  }
}
