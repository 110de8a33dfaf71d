package io.github.qcow4j.cli.fulldisk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * A home with the box {@code web}, its snapshot {@code one}, an archive and a directory to read
 * beside it. For one thread.
 *
 * @param directory where all of this is
 * @param outside a directory on another file system, with an image
 * @param box its commands
 * @param known what images held; those whose bytes are the same hold the same
 */
record FullDiskHome(
    Path directory, Path outside, BoxRun box, Map<Map<String, Long>, List<String>> known) {

  private static final QemuTools QEMU = QemuTools.require();
  private static final int MIB = 1 << 20;
  private static final Pattern NAME =
      Pattern.compile("^ {12}\"name\": \"(.*)\"", Pattern.MULTILINE);
  private static final Pattern PATH = Pattern.compile("\"path\": \"(.*)\"");
  private static final Pattern MADE_UP = Pattern.compile("\\b[a-z0-9]{16}\\b");
  private static final String CLEAN = "clean, ";
  private static final String LEAKING = "leaking, ";

  /** What qemu-img check ends with when there is nothing worse. */
  private static final int LEAKS = 3;

  static FullDiskHome make(Path directory, Path outside) {
    FullDiskHome made =
        new FullDiskHome(
            directory, outside, new BoxRun(directory.resolve("home")), new HashMap<>());
    Workbench bench = Workbench.in(outside);
    Path noise = bench.file("noise", Workbench.halfRandomBytes(2 * MIB, 1));
    bench.image("disk.qcow2", "", 4 * MIB, "write -s " + noise + " 0 2M");
    String _ = made.box.ok("create", "web", "--from", outside.resolve("disk.qcow2").toString());
    bench.write(made.disk("web"), "write -P 3 1M 1M");
    String _ = made.box.ok("snapshot", "create", "web", "one");
    bench.write(made.disk("web"), "write -P 4 2M 1M");
    String _ = made.box.ok("export", "web", "-o", directory.resolve("in.boxlite").toString());
    String golden = directory.resolve("golden").toString();
    String _ = made.box.ok("export", "web", "--snapshot", "one", "--to-dir", golden);
    return made;
  }

  Path disk(String name) {
    return Path.of(box.ok("path", name).strip());
  }

  /** Copies all of it outside. */
  void save(String name) throws IOException {
    copy(directory, outside.resolve(name));
  }

  /** Puts all of it back as it was saved. */
  void restore(String name) throws IOException {
    copy(outside.resolve(name), directory);
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.exists(to)) {
      LoopFileSystem.delete(to);
    }
    // A disk that was written to since is known by its time; a reserve is nothing but its storage.
    ProcessBuilder copy =
        new ProcessBuilder("cp", "-a", "--sparse=never", from.toString(), to.toString());
    try {
      assertThat(copy.inheritIO().start().waitFor()).isZero();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Every file there is, before any command can tidy up. */
  List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .map(file -> directory.relativize(file).toString())
          .filter(name -> !name.startsWith("home/catalogue"))
          .sorted()
          .toList();
    }
  }

  /** Everything that shows, and every file there is. */
  List<String> state() throws IOException {
    // What could not be taken back for want of room, the next command takes back.
    String boxes = box.ok("list", "--json");
    List<String> state = new ArrayList<>(files());
    Map<String, Long> bytes = new TreeMap<>();
    for (String name : state) {
      Path file = directory.resolve(name);
      bytes.put(name, Files.isRegularFile(file) ? checksum(file) : 0);
    }
    List<String> images = new ArrayList<>(found(PATH, boxes));
    state.addAll(lines(boxes));
    for (String name : found(NAME, boxes)) {
      String snapshots = box.ok("snapshot", "list", name, "--json");
      images.addAll(found(PATH, snapshots));
      state.addAll(lines(snapshots));
    }
    List<String> contents = known.get(bytes);
    if (contents == null) {
      contents = new ArrayList<>();
      for (String image : images) {
        contents.add(content(Path.of(image)));
      }
      known.put(bytes, contents);
    }
    state.addAll(contents);
    return state;
  }

  /** What of a state is the same each time that the same is done. */
  static List<String> withoutWhatIsMadeUp(List<String> state) {
    return state.stream()
        .filter(line -> !line.matches(" *\"created_at\".*"))
        .map(line -> MADE_UP.matcher(line).replaceAll("*"))
        .sorted()
        .toList();
  }

  /** A state as it would be without leaks. */
  static List<String> withoutLeaks(List<String> state) {
    return state.stream().map(line -> line.replaceFirst("^" + LEAKING, CLEAN)).toList();
  }

  /** A state as it would be with all images clean. */
  static List<String> repaired(List<String> state) {
    return withoutLeaks(
        state.stream().map(line -> line.replaceFirst("^not " + CLEAN, CLEAN)).toList());
  }

  private static List<String> lines(String json) {
    return json.lines()
        .filter(line -> !line.matches(" *\"(allocated_size|size_bytes|last_used_at)\".*"))
        .toList();
  }

  private static List<String> found(Pattern pattern, String json) {
    return pattern.matcher(json).results().map((MatchResult found) -> found.group(1)).toList();
  }

  private static long checksum(Path file) throws IOException {
    CRC32C checksum = new CRC32C();
    checksum.update(Files.readAllBytes(file));
    return checksum.getValue();
  }

  private String content(Path image) throws IOException {
    Path raw = outside.resolve("content.raw");
    ToolRun check = QEMU.img("check", "-f", "qcow2", image.toString());
    QEMU.convertToRaw(image, raw);
    String digest = ContentDigest.ofRaw(raw);
    Files.delete(raw);
    String how =
        switch (check.exitCode()) {
          case 0 -> CLEAN;
          case LEAKS -> LEAKING;
          default -> "not " + CLEAN;
        };
    return how + digest;
  }
}
