package io.github.qcow4j.qcow2.testing;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the real {@code qemu-img} says about one image; it is asked when somebody wants to know, and
 * once, where JVMs share images once in the build. Its directory is the working directory.
 *
 * <p>Safe for use by several threads.
 */
public final class QemuVerdicts {

  /**
   * Loops of backing files are opened until descriptors run out, so there are few; a loop ends in
   * milliseconds then.
   */
  private static final List<String> FEW_DESCRIPTORS =
      List.of("sh", "-c", "ulimit -n 320; exec \"$@\"", "sh");

  private final String name;
  private final Path image;
  private final boolean endless;
  private final SharedImages place;
  private final Map<Probe, ToolRun> runs = new ConcurrentHashMap<>();

  /**
   * Nothing is asked yet.
   *
   * @param name the image's own
   * @param image the image to be asked about
   * @param endless whether its chain may be a loop
   * @param place where images are, and what was said about them
   */
  QemuVerdicts(String name, Path image, boolean endless, SharedImages place) {
    this.name = name;
    this.image = image;
    this.endless = endless;
    this.place = place;
  }

  /** The image asked about. */
  public Path image() {
    return image;
  }

  /** What {@link Probe#CONVERT} wrote, beside the image; exists only if that went well enough. */
  public Path rawTarget() {
    ToolRun _ = of(Probe.CONVERT);
    return rawPath();
  }

  /** Exit code and outputs of one probe. */
  public ToolRun of(Probe probe) {
    return runs.computeIfAbsent(probe, this::ask);
  }

  /** Whether QEMU converted the image. */
  public boolean readable() {
    return of(Probe.CONVERT).exitCode() == 0;
  }

  private ToolRun ask(Probe probe) {
    QemuTools qemu = QemuTools.require().in(image.getParent());
    List<String> command = new ArrayList<>(endless ? FEW_DESCRIPTORS : List.of());
    command.add(qemu.qemuImg().toString());
    command.addAll(probe.arguments(image, rawPath()));
    String said = name + "-" + probe + ".said";
    Path file =
        place.once(
            said,
            () -> {
              ToolRun run = ToolProcess.run(command, qemu.directory(), QemuTools.TIMEOUT_SECONDS);
              return write(place.root().resolve(said), run);
            });
    return read(file, command, qemu.directory());
  }

  private static Path write(Path file, ToolRun run) {
    try (DataOutputStream to = new DataOutputStream(Files.newOutputStream(file))) {
      to.writeInt(run.exitCode());
      for (String output : List.of(run.stdout(), run.stderr())) {
        byte[] bytes = output.getBytes(StandardCharsets.UTF_8);
        to.writeInt(bytes.length);
        to.write(bytes);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ToolRun read(Path file, List<String> command, Path directory) {
    try (DataInputStream from = new DataInputStream(Files.newInputStream(file))) {
      int exitCode = from.readInt();
      String stdout = new String(from.readNBytes(from.readInt()), StandardCharsets.UTF_8);
      String stderr = new String(from.readNBytes(from.readInt()), StandardCharsets.UTF_8);
      return new ToolRun(command, directory, exitCode, stdout, stderr);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path rawPath() {
    return image.resolveSibling("qemu.raw");
  }
}
