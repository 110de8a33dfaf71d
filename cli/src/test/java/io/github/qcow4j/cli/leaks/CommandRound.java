package io.github.qcow4j.cli.leaks;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Every command on images and boxes that takes threads, native memory or large tables, one after
 * the other, also such as must fail in the middle. All that they make is gone afterwards.
 */
final class CommandRound {

  private static final int CONTENT_BYTES = 256 << 10;

  /** What is made once; the images of a round are made of it. */
  private static final List<String> FIRST =
      List.of(
          "create -q -f qcow2 @huge.qcow2 8T",
          "bench -w -c 8 -d 2 -s 4k -S 1G -f qcow2 @huge.qcow2",
          "create -q -f qcow2 @leaking.qcow2 1M",
          "convert -c -O qcow2 @content.raw @cutzlib.qcow2",
          "convert -c -O qcow2 -o compression_type=zstd @content.raw @cutzstd.qcow2",
          "box create cut --from @cutzlib.qcow2 --independent",
          "box export cut -o @cutzstd.boxlite",
          "box export cut -o @cutlz4.boxlite --compress lz4");

  /**
   * The number of blanks counts; {@code @} is the directory; {@code !} stands before what fails.
   */
  private static final List<String> IMAGES =
      List.of(
          "convert -O qcow2 @content.raw @r/plain.qcow2",
          "convert -c -m 4 -W -O qcow2 @content.raw @r/zlib.qcow2",
          "convert -c -m 4 -W -O qcow2 -o compression_type=zstd @r/zlib.qcow2 @r/zstd.qcow2",
          "convert -c -m 4 -W -O qcow2 @r/zstd.qcow2 @r/again.qcow2",
          "convert -m 4 -W -O raw @r/zstd.qcow2 @r/copy.raw",
          "dd -O qcow2 bs=16k if=@r/zlib.qcow2 of=@r/copy.qcow2",
          "compare @r/zlib.qcow2 @content.raw",
          "compare @r/again.qcow2 @r/zstd.qcow2",
          "checksum @r/zstd.qcow2",
          "verify @r/zlib.qcow2",
          "info @r/zstd.qcow2",
          "measure -O qcow2 @r/zlib.qcow2",
          "create -q -f qcow2 -F qcow2 -b @r/zlib.qcow2 @r/top.qcow2",
          "bench -w -c 20 -d 4 -s 4k -f qcow2 @r/top.qcow2",
          "bench -c 20 -d 4 -s 4k -f qcow2 @r/top.qcow2",
          "map --output=json @r/top.qcow2",
          "chain @r/top.qcow2",
          "snapshot -c one @r/top.qcow2",
          "snapshot -l @r/top.qcow2",
          "snapshot -a one @r/top.qcow2",
          "snapshot -d one @r/top.qcow2",
          "bitmap --add @r/top.qcow2 marks",
          "bitmap --add @r/top.qcow2 more",
          "bitmap --merge marks @r/top.qcow2 more",
          "bitmap --remove @r/top.qcow2 marks",
          "bitmap --remove @r/top.qcow2 more",
          "rebase -F qcow2 -b @r/zstd.qcow2 @r/top.qcow2",
          "commit -q @r/top.qcow2",
          "flatten -q @r/top.qcow2",
          "resize -q @r/plain.qcow2 +1M",
          "amend -o refcount_bits=64 @r/plain.qcow2",
          "amend -o cluster_size=4k @r/plain.qcow2",
          "check -q -r all @r/leaking.qcow2",
          "check -q @r/zstd.qcow2",
          "info @huge.qcow2",
          "check -q @huge.qcow2",
          "map --start-offset=0 --max-length=1G @huge.qcow2",
          "!convert -m 4 -W -O raw @cutzlib.qcow2 @r/never.raw",
          "!convert -c -m 4 -W -O qcow2 @cutzstd.qcow2 @r/never.qcow2",
          "!convert -O raw @r/missing.qcow2 @r/never.raw",
          "!compare @cutzlib.qcow2 @content.raw",
          "!convert -c -O qcow2 @content.raw @r/no/such.qcow2");

  private static final List<String> BOXES =
      List.of(
          "box create web --from @r/zlib.qcow2 --independent",
          "box create over --from @r/zstd.qcow2",
          "box snapshot create web one",
          "box snapshot create web two",
          "box snapshot create web three --max-chain 2",
          "box restore web one --keep present",
          "box restore web --undo",
          "box snapshot rm web two --merge",
          "box clone web copy --snapshot one",
          "box clone web full --full",
          "box export web -o @r/zstd.boxlite",
          "box export web -o @r/lz4.boxlite --compress lz4",
          "box export web --snapshot one -o @r/plain.boxlite --compress none",
          "box export web --snapshot one --to-dir @r/golden",
          "box import @r/zstd.boxlite --name zstd",
          "box import @r/lz4.boxlite --name lz4",
          "box import @r/plain.boxlite --name plain",
          "box clone --from-dir @r/golden golden",
          "box list --json",
          "box snapshot list web",
          "box snapshot tree web",
          "box show web --json",
          "box check",
          "!box create web --size 1M",
          "!box import @cutzstd.boxlite --name never",
          "!box import @cutlz4.boxlite --name never",
          "!box restore web nothing",
          "box rm copy",
          "box rm full",
          "box rm zstd",
          "box rm lz4",
          "box rm plain",
          "box rm golden",
          "box rm over",
          "box rm web --force",
          "box gc --keep 0");

  private final Path directory;
  private final Path round;

  /** In an empty directory. */
  CommandRound(Path directory) throws IOException {
    this.directory = directory;
    this.round = directory.resolve("r");
    Files.write(directory.resolve("content.raw"), Workbench.halfRandomBytes(CONTENT_BYTES, 1));
    for (String line : FIRST) {
      run(line);
    }
    ImageSurgeon.operate(directory.resolve("leaking.qcow2"), image -> image.appendClusters(3));
    for (String each : List.of("cutzlib.qcow2", "cutzstd.qcow2")) {
      damage(directory.resolve(each), 0.8);
    }
    for (String each : List.of("cutzstd.boxlite", "cutlz4.boxlite")) {
      damage(directory.resolve(each), 0.5);
    }
    run("box rm cut --force");
  }

  /** From there on to the end it is nothing that can be read: several beginnings lie there. */
  private static void damage(Path file, double at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int start = (int) (bytes.length * at);
    Arrays.fill(bytes, start, bytes.length, (byte) -1);
    Files.write(file, bytes);
  }

  /** Every file below a directory. */
  static List<String> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.map(file -> directory.relativize(file).toString()).sorted().toList();
    }
  }

  void run() throws IOException {
    Files.createDirectory(round);
    Files.copy(directory.resolve("leaking.qcow2"), round.resolve("leaking.qcow2"));
    for (String line : IMAGES) {
      run(line);
    }
    for (String line : BOXES) {
      run(line);
    }
    LoopFileSystem.delete(round);
  }

  private void run(String line) {
    boolean failing = line.startsWith("!");
    String[] words = line.replaceFirst("!", "").split(" ", -1);
    Arrays.setAll(words, i -> words[i].replace("@", directory + "/"));
    OurRun run =
        OurRun.of(
            Personality.QCOW4J,
            Map.of("QCOW4J_HOME", directory.resolve("home").toString()),
            List.of(words));
    if (failing == (run.exitCode() == 0)) {
      throw new AssertionError(run.toString());
    }
  }
}
