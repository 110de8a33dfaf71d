package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Images, and homes of boxes, that commands are signalled at, as qemu-img sees them. */
final class SignalGround {

  static final String LEAKING = "leaking.qcow2";
  private static final String HOME_OPTION = "--home=";
  private static final String SIZE = "1M";
  private static final int CLUSTER_BYTES = 4096;
  private static final String OPTIONS = "cluster_size=" + CLUSTER_BYTES;
  private static final Pattern NAME = Pattern.compile("\"name\": (\"[^\"]*\")");

  private final Path directory;
  private final TracedProgram program;
  private final QemuTools qemu;

  SignalGround(Path directory, TracedProgram program) {
    this.directory = directory;
    this.program = program;
    this.qemu = QemuTools.require().in(directory);
  }

  /** What a guest reads, and the names of snapshots and bitmaps. */
  record State(long digest, List<String> names) {}

  /**
   * All that a command may change.
   *
   * @param names those of all files
   * @param images the states of all images
   * @param home that of the home that the command is about
   */
  record Scene(List<String> names, Map<String, State> images, SignalHome.State home) {}

  Path directory() {
    return directory;
  }

  void make() throws Exception {
    Files.createDirectory(directory);
    create("base.qcow2", "write -P 1 0 300k", "write -P 2 500k 64k");
    create("other.qcow2", "write -P 3 100k 400k");
    create(LEAKING, "write -P 4 0 64k");
    // Nothing refers to them.
    Path _ = ImageSurgeon.operate(path(LEAKING), surgeon -> surgeon.appendClusters(8));
    qemu.createOverlay(path("top.qcow2"), OPTIONS, "base.qcow2", "qcow2");
    qemu.io(path("top.qcow2"), "write -P 5 64k 128k", "write -P 6 700k 64k");
    qemu.convertToRaw(path("top.qcow2"), path("disk.raw"));
    create("kept.qcow2", "write -P 7 0 64k", "write -P 8 300k 64k");
    qemu.img("snapshot", "-c", "one", "kept.qcow2").orFail();
    qemu.io(path("kept.qcow2"), "write -P 9 32k 64k");
    create("marked.qcow2");
    for (String bitmap : List.of("one", "two")) {
      qemu.img("bitmap", "--add", "marked.qcow2", bitmap).orFail();
      qemu.io(path("marked.qcow2"), "write -P 10 500k 64k");
    }
    create("ready.qcow2", "write -P 11 0 64k");
    home("home").make(path("base.qcow2"), path("web.boxlite"), path("golden"), qemu);
    String[] copy = {"cp", "-r", path("home").toString(), path("littered").toString()};
    assertThat(program.run(directory, copy).exitCode()).isZero();
    home("littered").litter();
  }

  private SignalHome home(String name) {
    return new SignalHome(path(name).toAbsolutePath());
  }

  private void create(String image, String... writes) {
    qemu.img("create", "-q", "-f", "qcow2", "-o", OPTIONS, image, SIZE).orFail();
    qemu.io(path(image), writes);
  }

  /** Makes the directory as another one is. */
  void copyFrom(SignalGround other) throws Exception {
    Path parent = other.directory.toAbsolutePath().getParent();
    assertThat(program.run(parent, "rm", "-rf", directory.toString()).exitCode()).isZero();
    String[] copy = {"cp", "-r", "--sparse=auto", other.directory.toString(), directory.toString()};
    assertThat(program.run(parent, copy).exitCode()).isZero();
  }

  List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /**
   * How all is.
   *
   * @param words those of the command, which may name a home
   * @param known the states of the images of {@code first}, which are not read again when nothing
   *     changed
   */
  Scene scene(List<String> words, SignalGround first, Map<String, State> known) throws IOException {
    Map<String, State> images = new TreeMap<>();
    for (String name : names()) {
      if (isImage(name)) {
        @Nullable State same = unchanged(name, first) ? known.get(name) : null;
        images.put(name, same == null ? state(name) : same);
      }
    }
    SignalHome.State home = SignalHome.State.NONE;
    for (String word : words) {
      if (word.startsWith(HOME_OPTION)) {
        home = home(word.substring(HOME_OPTION.length())).state();
      }
    }
    return new Scene(names(), images, home);
  }

  static boolean isImage(String name) {
    return name.endsWith(".raw") || name.endsWith(".qcow2");
  }

  State state(String image) throws IOException {
    CRC32C digest = new CRC32C();
    digest.update(content(image));
    return new State(digest.getValue(), image.endsWith(".raw") ? List.of() : namesIn(image));
  }

  private List<String> namesIn(String image) {
    return NAME.matcher(qemu.infoJson(path(image)))
        .results()
        .map((MatchResult result) -> result.group(1))
        .toList();
  }

  private byte[] content(String image) throws IOException {
    if (image.endsWith(".raw")) {
      return Files.readAllBytes(path(image));
    }
    Path raw = program.logs().resolve("content.raw");
    qemu.convertToRaw(path(image), raw);
    return Files.readAllBytes(raw);
  }

  boolean unchanged(String image, SignalGround first) throws IOException {
    return Files.exists(first.path(image)) && Files.mismatch(path(image), first.path(image)) < 0;
  }

  /**
   * Fails unless nothing is wrong with an image.
   *
   * @param leaking whether it may still leak
   */
  void requireClean(String image, boolean leaking) {
    if (image.endsWith(".qcow2")) {
      qemu.img("check", "-q", "-f", "qcow2", image).expectExit(0, leaking ? 3 : 0);
    }
  }

  /** Fails where somebody who wants to write finds it locked. */
  void requireWritable(String image) {
    String format = image.endsWith(".raw") ? "raw" : "qcow2";
    qemu.ioRaw(List.of("-f", format, "-c", "read 0 512", image)).orFail();
  }

  /** Runs the program, not looked at. */
  Outcome run(List<String> words) throws Exception {
    String qcow4j = PackagedFolder.FOLDER.resolve("bin/qcow4j").toString();
    return program.run(
        directory, Stream.concat(Stream.of(qcow4j), words.stream()).toArray(String[]::new));
  }

  private Path path(String image) {
    return directory.resolve(image);
  }
}
