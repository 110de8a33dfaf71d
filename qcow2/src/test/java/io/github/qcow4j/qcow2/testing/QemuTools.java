package io.github.qcow4j.qcow2.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * The real {@code qemu-img} and {@code qemu-io}, as oracle and as writer of test images.
 *
 * <p>Immutable and safe for use by several threads. Each call starts one process, waits for its end
 * (at most {@value #TIMEOUT_SECONDS} s) and returns what it said. Methods that return text fail
 * with an {@link AssertionError} that holds the whole command and its outputs when the tool fails.
 */
public final class QemuTools {

  static final long TIMEOUT_SECONDS = 120;

  /** Starting a process takes longer than reading so much. */
  private static final long ALWAYS_READ_BYTES = 32L << 20;

  private final Path qemuImg;
  private final Path qemuIo;
  private final Path directory;

  private QemuTools(Path qemuImg, Path qemuIo, Path directory) {
    this.qemuImg = qemuImg;
    this.qemuIo = qemuIo;
    this.directory = directory;
  }

  /**
   * The tools on the search path, run in the process's own working directory.
   *
   * <p>Where one is missing, the calling test is skipped visibly; with {@code CI=true} in the
   * environment it fails.
   */
  public static QemuTools require() {
    return new QemuTools(
        requireProgram("qemu-img"), requireProgram("qemu-io"), Path.of("").toAbsolutePath());
  }

  /** Whether both tools are on the search path. */
  public static boolean present() {
    return find("qemu-img").isPresent() && find("qemu-io").isPresent();
  }

  /**
   * The path of {@code program}; skips the calling test, or fails it with {@code CI=true}, where it
   * is missing.
   */
  public static Path requireProgram(String program) {
    Optional<Path> found = find(program);
    if (found.isEmpty() && "true".equals(System.getenv("CI"))) {
      throw new AssertionError(program + " is not installed, and CI=true demands it");
    }
    Assumptions.assumeTrue(found.isPresent(), program + " is not installed");
    return found.orElseThrow();
  }

  /** The same tools, run in {@code workingDirectory}: relative names in commands resolve there. */
  public QemuTools in(Path workingDirectory) {
    return new QemuTools(qemuImg, qemuIo, workingDirectory.toAbsolutePath());
  }

  /** The path of the {@code qemu-img} in use. */
  public Path qemuImg() {
    return qemuImg;
  }

  /** The path of the {@code qemu-io} in use. */
  public Path qemuIo() {
    return qemuIo;
  }

  /** Runs {@code qemu-img} with the arguments given, whatever its exit code. */
  public ToolRun img(String... arguments) {
    return img(List.of(arguments));
  }

  /** Runs {@code qemu-img} with the arguments given, whatever its exit code. */
  public ToolRun img(List<String> arguments) {
    return run(qemuImg, arguments);
  }

  /** Runs {@code qemu-io} with the arguments given, whatever its exit code. */
  public ToolRun ioRaw(List<String> arguments) {
    return run(qemuIo, arguments);
  }

  /** Creates a qcow2 image. {@code options} is the text of {@code -o}, or empty. */
  public void create(Path image, String options, long virtualSizeBytes) {
    List<String> arguments = new ArrayList<>(List.of("create", "-q", "-f", "qcow2"));
    addOptions(arguments, options);
    arguments.add(image.toString());
    arguments.add(Long.toString(virtualSizeBytes));
    img(arguments).orFail();
  }

  /** Creates a qcow2 overlay that stores {@code backingName} as given and {@code backingFormat}. */
  public void createOverlay(Path image, String options, String backingName, String backingFormat) {
    List<String> arguments = new ArrayList<>(List.of("create", "-q", "-f", "qcow2"));
    addOptions(arguments, options);
    arguments.addAll(List.of("-b", backingName, "-F", backingFormat, image.toString()));
    img(arguments).orFail();
  }

  /** Runs qemu-io commands on a qcow2 image in one process. Fails when one of them fails. */
  public ToolRun io(Path image, String... commands) {
    return ioFormat("qcow2", image, commands);
  }

  /**
   * Runs qemu-io commands on an image of the format given in one process. Fails when one of them
   * fails.
   */
  public ToolRun ioFormat(String format, Path image, String... commands) {
    List<String> arguments = new ArrayList<>(List.of("-t", "unsafe", "-f", format));
    for (String command : commands) {
      arguments.add("-c");
      arguments.add(command);
    }
    arguments.add(image.toString());
    ToolRun run = ioRaw(arguments);
    if (run.stdout().contains(" failed: ")
        || run.stdout().contains("is not a sector-aligned value")) {
      throw new AssertionError("a qemu-io command failed\n" + run);
    }
    return run.orFail();
  }

  /**
   * Converts {@code image} of the format given to a raw file at {@code target}, extra options in
   * front.
   */
  public void convertToRaw(Path image, String format, Path target, String... options) {
    List<String> arguments = new ArrayList<>(List.of("convert"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("-f", format, "-O", "raw", image.toString(), target.toString()));
    img(arguments).orFail();
  }

  /** Converts a qcow2 image with its chain to a raw file at {@code target}. */
  public void convertToRaw(Path image, Path target) {
    convertToRaw(image, "qcow2", target);
  }

  /** Text of {@code map --output=json}. */
  public String mapJson(Path image) {
    return img("map", "-f", "qcow2", "--output=json", image.toString()).orFail().stdout();
  }

  /** Text of {@code info --output=json}, extra options in front. */
  public String infoJson(Path image, String... options) {
    List<String> arguments = new ArrayList<>(List.of("info"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--output=json", image.toString()));
    return img(arguments).orFail().stdout();
  }

  /**
   * Text of {@code check --output=json}, for any exit code that means a finished check (0, 2, 3).
   */
  public String checkJson(Path image) {
    return img("check", "-f", "qcow2", "--output=json", image.toString())
        .expectExit(0, 2, 3)
        .stdout();
  }

  /** Text of {@code measure --output=json -O targetFormat}. */
  public String measureJson(Path image, String targetFormat) {
    return img("measure", "-f", "qcow2", "-O", targetFormat, "--output=json", image.toString())
        .orFail()
        .stdout();
  }

  /** Whether two raw files have the same length and the same bytes; holes cost nothing. */
  public boolean rawFilesEqual(Path left, Path right) {
    try {
      Path ours = directory.resolve(left);
      Path theirs = directory.resolve(right);
      if (Files.size(ours) != Files.size(theirs)) {
        return false;
      }
      if (Files.size(ours) <= ALWAYS_READ_BYTES) {
        return Files.mismatch(ours, theirs) < 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return img("compare", "-f", "raw", "-F", "raw", left.toString(), right.toString())
            .expectExit(0, 1)
            .exitCode()
        == 0;
  }

  /** Fails unless {@code qemu-img check} finds neither errors nor leaks. */
  public void assertCheckClean(Path image) {
    ToolRun run = img("check", "-f", "qcow2", image.toString());
    if (run.exitCode() != 0 || !run.stdout().startsWith("No errors were found on the image.")) {
      throw new AssertionError("qemu-img check is not clean\n" + run);
    }
  }

  /** The directory in which the tools run. */
  public Path directory() {
    return directory;
  }

  private ToolRun run(Path program, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(arguments);
    return ToolProcess.run(command, directory, TIMEOUT_SECONDS);
  }

  private static void addOptions(List<String> arguments, String options) {
    if (!options.isEmpty()) {
      arguments.add("-o");
      arguments.add(options);
    }
  }

  private static Optional<Path> find(String program) {
    @Nullable String searchPath = System.getenv("PATH");
    if (searchPath == null) {
      return Optional.empty();
    }
    for (String folder : searchPath.split(File.pathSeparator, -1)) {
      Path candidate = Path.of(folder, program);
      if (Files.isExecutable(candidate) && Files.isRegularFile(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
