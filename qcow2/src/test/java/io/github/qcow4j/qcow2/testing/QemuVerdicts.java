package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the real {@code qemu-img} says about one image; it is asked when somebody wants to know, and
 * once. Its directory is the working directory.
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

  private final Path image;
  private final boolean endless;
  private final Map<Probe, ToolRun> runs = new ConcurrentHashMap<>();

  /**
   * Nothing is asked yet.
   *
   * @param image the image to be asked about
   * @param endless whether its chain may be a loop
   */
  QemuVerdicts(Path image, boolean endless) {
    this.image = image;
    this.endless = endless;
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
    return ToolProcess.run(command, qemu.directory(), QemuTools.TIMEOUT_SECONDS);
  }

  private Path rawPath() {
    // The image may be another JVM's too.
    return image.resolveSibling("qemu-" + ProcessHandle.current().pid() + ".raw");
  }
}
