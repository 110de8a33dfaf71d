package io.github.qcow4j.snapshot.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The copy of an image that was taken while somebody had it open. */
class CapturedFileTest {

  private static final Path COPY = Path.of("/copy.qcow2");
  private static final long SIZE_BYTES = 1 << 20;

  @Test
  void countsThatCannotBeReadMakeNoCorruptImage() throws IOException {
    boolean happened = true;
    for (int nth = 1; happened; nth++) {
      SimulatedVolume volume = SimulatedVolume.create();
      ImageCreation.create(volume, COPY, ImageSpec.ofSize(SIZE_BYTES));
      // What cannot be read alone cannot be read together with what stands beside it either.
      volume.faults().only("pread").failCalls(nth, 2, Errno.EIO);
      Throwable failure =
          catchThrowable(() ->
              new CapturedFile(volume, Path.of("/live.qcow2"), COPY, SIZE_BYTES)
                  .settle(new JobControl()));
      happened = volume.faults().happened();
      volume.assertNothingOpen();
      if (happened) {
        assertThat(failure)
            .as("call %s", nth)
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(ImageException.class);
      } else {
        assertThat(failure).isNull();
        assertThat(nth).isGreaterThan(4);
      }
    }
  }
}
