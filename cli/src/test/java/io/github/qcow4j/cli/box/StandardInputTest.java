package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Bytes come as they were sent, and a sender that takes for ever does not keep a job from ending.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StandardInputTest {

  private final JobControl control = new JobControl();

  /** What a read comes to. */
  private interface Reading {
    int read() throws IOException, InterruptedException;
  }

  private static InputStream stream(Reading reading) {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        try {
          return reading.read();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        return read();
      }
    };
  }

  @Test
  void allBytesComeInTheirOrder() throws IOException {
    byte[] sent = new byte[300_000];
    new Random(5).nextBytes(sent);
    ByteArrayOutputStream received = new ByteArrayOutputStream();
    try (StandardInput input = new StandardInput(new ByteArrayInputStream(sent), control)) {
      ByteBuffer buffer = ByteBuffer.allocate(7000);
      while (input.read(buffer.clear()) >= 0) {
        received.write(buffer.array(), 0, buffer.position());
      }
    }
    assertThat(received.toByteArray()).isEqualTo(sent);
  }

  @Test
  void aReaderThatWaitsHearsThatTheJobIsToStop() throws IOException {
    InputStream silent =
        stream(() -> {
          control.cancel();
          new CountDownLatch(1).await();
          return -1;
        });
    try (StandardInput input = new StandardInput(silent, control)) {
      assertThatThrownBy(() -> input.read(ByteBuffer.allocate(10)))
          .isInstanceOf(JobCancelledException.class);
    }
  }

  @Test
  void whatTheStreamFailsWithTheReaderFailsWith() throws IOException {
    IOException failure = new IOException("torn");
    InputStream torn =
        stream(() -> {
          throw failure;
        });
    try (StandardInput input = new StandardInput(torn, control)) {
      assertThatThrownBy(() -> input.read(ByteBuffer.allocate(10))).isSameAs(failure);
    }
  }
}
