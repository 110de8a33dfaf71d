package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the real {@code qemu-img} says about one image.
 *
 * @param image the image asked about
 * @param rawTarget where {@link Probe#CONVERT} wrote; exists only if that went well enough
 * @param runs exit code and outputs of every probe
 */
public record QemuVerdicts(Path image, Path rawTarget, Map<Probe, ToolRun> runs) {

  public QemuVerdicts {
    runs = Map.copyOf(runs);
  }

  /**
   * Asks everything about {@code image}; the converted copy is {@code qemu.raw} beside it. Its
   * directory is the working directory.
   */
  public static QemuVerdicts of(Path image) {
    QemuTools qemu = QemuTools.require().in(image.getParent());
    Path rawTarget = image.resolveSibling("qemu.raw");
    Map<Probe, ToolRun> runs = new EnumMap<>(Probe.class);
    for (Probe probe : Probe.values()) {
      runs.put(probe, run(qemu, probe.arguments(image, rawTarget)));
    }
    return new QemuVerdicts(image, rawTarget, runs);
  }

  /**
   * Loops of backing files are opened until descriptors run out, so there are few; a loop ends in
   * milliseconds then.
   */
  private static ToolRun run(QemuTools qemu, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 320; exec \"$@\"", "sh"));
    command.add(qemu.qemuImg().toString());
    command.addAll(arguments);
    return ToolProcess.run(command, qemu.directory(), QemuTools.TIMEOUT_SECONDS);
  }

  public ToolRun of(Probe probe) {
    return java.util.Objects.requireNonNull(runs.get(probe));
  }

  /** Whether QEMU converted the image. */
  public boolean readable() {
    return of(Probe.CONVERT).exitCode() == 0;
  }
}
