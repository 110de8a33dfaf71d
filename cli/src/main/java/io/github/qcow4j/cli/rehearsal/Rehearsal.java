package io.github.qcow4j.cli.rehearsal;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Calls the program's commands one after the other, each as a user would, on images that they make
 * themselves. With the JVM option {@code -XX:AOTCacheOutput} the JVM writes down what was loaded
 * and linked (JEP 483 and 514), and the packaged program starts from there.
 *
 * <p>What is not called here works all the same, it only starts slower. Boxes are not: the JVM
 * loads what is in the cache at every start, and SQLite is of no use to {@code info}.
 */
public final class Rehearsal {

  /** As much as a conversion reads at once: each of its pieces is of one kind. */
  private static final int CHUNK_BYTES = 1 << 20;

  /**
   * Some twenty pieces of each kind for either thread. What is recorded is what was loaded and
   * linked, for which the first few are enough; all of them are written in a blink.
   */
  private static final int DISK_BYTES = 64 * CHUNK_BYTES;

  private final Path directory;
  private final Personality personality;

  private Rehearsal(Path directory, Personality personality) {
    this.directory = directory;
    this.personality = personality;
  }

  /**
   * Runs the commands; the last one as the program itself, which ends the JVM.
   *
   * @param arguments the directory to work in, which is made when it is not there
   * @throws IOException when a command fails: what it would have gone through next would be missing
   *     in the cache, and nobody would notice
   */
  public static void main(String[] arguments) throws IOException {
    Volume volume = Volumes.host();
    Path directory = Path.of(arguments[0]);
    if (!volume.exists(directory)) {
      volume.createDirectory(directory);
    }
    writeContent(volume, directory.resolve("content.raw"));
    for (Personality personality : Personality.values()) {
      Rehearsal rehearsal = new Rehearsal(directory, personality);
      rehearsal.make();
      rehearsal.read();
      rehearsal.change();
    }
    Main.main(
        new String[] {
          "convert",
          "-O",
          "raw",
          directory.resolve("plain.qcow2").toString(),
          directory.resolve("copy.raw").toString()
        });
  }

  /** By turns: random bytes, random letters, which compress, and nothing. */
  private static void writeContent(Volume volume, Path path) throws IOException {
    Random random = new Random(1);
    byte[] chunk = new byte[CHUNK_BYTES];
    try (BlockFile file = volume.open(path, OpenOptions.creatingIfMissing())) {
      file.truncate(DISK_BYTES);
      for (int i = 0; i < DISK_BYTES / CHUNK_BYTES; i++) {
        random.nextBytes(chunk);
        if (i % 3 == 1) {
          for (int j = 0; j < chunk.length; j++) {
            chunk[j] = (byte) ('a' + (chunk[j] & 15));
          }
        }
        if (i % 3 != 2) {
          file.write(ByteBuffer.wrap(chunk), (long) i * CHUNK_BYTES);
        }
      }
    }
  }

  private void make() throws IOException {
    call("convert -f raw -O qcow2 @content.raw @plain.qcow2");
    call("convert -f raw -O qcow2 -c @content.raw @zlib.qcow2");
    call("convert -f raw -O qcow2 -c -o compression_type=zstd @content.raw @zstd.qcow2");
    call("create -f qcow2 @empty.qcow2 64M");
    call("create -f qcow2 -F qcow2 -b @plain.qcow2 @overlay.qcow2");
    call("convert -f raw -O qcow2 -F qcow2 -B @plain.qcow2 @content.raw @overlay.qcow2");
  }

  private void read() throws IOException {
    for (String image : List.of("@plain.qcow2", "@zlib.qcow2", "@zstd.qcow2", "@overlay.qcow2")) {
      call("info " + image);
      call("info --output=json --backing-chain " + image);
      call("map -f qcow2 --output=json " + image);
      call("check " + image);
      call("check -f qcow2 --output=json " + image);
      call("snapshot -l " + image);
      call("measure -O qcow2 " + image);
      call("measure -O raw --output=json " + image);
      call("convert -O raw " + image + " @copy.raw");
      call("convert -p -t none -f qcow2 " + image + " @copy.raw");
      call("compare " + image + " @copy.raw");
      call("compare -s -f qcow2 -F qcow2 " + image + " " + image);
    }
    call("map @overlay.qcow2");
    call("convert -f raw -O raw @content.raw @copy.raw");
    call("dd -f qcow2 -O raw bs=1M count=4 if=@plain.qcow2 of=@copy.raw");
    if (personality == Personality.QCOW4J) {
      call("chain @overlay.qcow2");
      call("verify @plain.qcow2");
      call("verify --output=json @zlib.qcow2");
    }
    call("--version");
  }

  private void change() throws IOException {
    call("snapshot -c first @plain.qcow2");
    call("snapshot -l @plain.qcow2");
    call("snapshot -a first @plain.qcow2");
    call("snapshot -d first @plain.qcow2");
    call("resize -f qcow2 @empty.qcow2 +64M");
    call("amend -f qcow2 -o compat=1.1,refcount_bits=32,lazy_refcounts=on @empty.qcow2");
    call("bench -f qcow2 -c 64 @plain.qcow2");
    call("bench -w -f qcow2 -c 64 @empty.qcow2");
    call("bitmap --add -f qcow2 @empty.qcow2 marks");
    call("rebase -f qcow2 -F qcow2 -b @zlib.qcow2 @overlay.qcow2");
    call("rebase -u -f qcow2 -F qcow2 -b @plain.qcow2 @overlay.qcow2");
    call("commit -f qcow2 @overlay.qcow2");
    if (personality == Personality.QCOW4J) {
      call("flatten -f qcow2 @overlay.qcow2");
    }
  }

  /** Calls the program; {@code @} stands for the directory. */
  private void call(String line) throws IOException {
    String[] arguments = line.split(" ", -1);
    Arrays.setAll(arguments, i -> arguments[i].replace("@", directory + "/"));
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    Console console = new Console(personality, nowhere, System.err, Map.of(), Volumes::host);
    int exitCode = Main.run(console, arguments);
    if (exitCode != 0) {
      throw new IOException("exit code " + exitCode + " from " + line);
    }
  }
}
