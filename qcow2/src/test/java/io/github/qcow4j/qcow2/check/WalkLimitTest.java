package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a check walks is held against the storage that the file takes; a finding is a walk too. */
final class WalkLimitTest {

  private static final int STORED_BYTES = 1 << 20;

  @TempDir private Path directory;
  private final CheckTally tally = new CheckTally(finding -> {});
  private Path image;
  private long limitBytes;

  @BeforeEach
  void makeFile() throws IOException {
    image = Files.write(directory.resolve("image"), new byte[STORED_BYTES]);
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      limitBytes = (4L << 30) + 32 * file.allocatedSize();
    }
    assertThat(limitBytes).isGreaterThanOrEqualTo((4L << 30) + 32 * STORED_BYTES);
  }

  @Test
  void asMuchAsTheStorageAllowsIsWalked() throws IOException {
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      WalkLimit limit = new WalkLimit(file, tally);
      limit.beginStep();
      limit.walk(limitBytes - 1);
      limit.walk(1);
      assertThatThrownBy(() -> limit.walk(1))
          .isInstanceOfSatisfying(
              LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(limitBytes));
    }
  }

  @Test
  void asManyFindingsAsTheStorageAllowsAreToldInEachStep() throws IOException {
    CheckFinding finding = new RefcountFinding.ReferencePastEnd(0, 1);
    try (BlockFile file = Volumes.host().open(image, OpenOptions.reading())) {
      long allowed = 500_000 + file.allocatedSize() / 8;
      WalkLimit limit = new WalkLimit(file, tally);
      for (int step = 0; step < 2; step++) {
        limit.beginStep();
        for (long i = 0; i < allowed; i++) {
          tally.report(finding);
        }
        assertThatThrownBy(() -> tally.report(finding))
            .isInstanceOfSatisfying(
                EndedByLimit.class, e -> assertThat(e.limit().limit()).isEqualTo(allowed));
      }
    }
  }
}
