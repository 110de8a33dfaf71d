package io.github.qcow4j.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.nativeio.HostGround;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.nio.file.Path;

/** Another Java process that opens an image for writing, and keeps it until it is closed. */
final class WriterProcess implements AutoCloseable {

  private final Process process;
  private final String answer;

  private WriterProcess(Process process, String answer) {
    this.process = process;
    this.answer = answer;
  }

  /** Returns when the process has the image open, or cannot. */
  static WriterProcess start(String provider, Path image) throws IOException {
    Process process = JavaProcess.start(Work.class, provider, image.toString());
    String answer = process.inputReader(UTF_8).readLine();
    return new WriterProcess(process, String.valueOf(answer));
  }

  /** {@code open}, or the exception that it got. */
  String answer() {
    return answer;
  }

  /** Ends the process as a power switch would. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Has the image closed; it is free on return. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** What runs in the other process. */
  static final class Work {
    private Work() {}

    public static void main(String[] arguments) throws IOException {
      ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
      try (DiskImage disk =
          DiskImages.open(
              HostGround.provider(arguments[0]),
              Path.of(arguments[1]),
              ReferencePolicy.allow(),
              options)) {
        System.out.println(disk.writable() ? "open" : "not writable");
        int end = System.in.read();
        if (end >= 0) {
          throw new IllegalStateException("asked for nothing");
        }
      } catch (IOException e) {
        System.out.println(e);
      }
    }
  }
}
