package io.github.qcow4j.cli.packaged;

import static io.github.qcow4j.cli.packaged.PackagedFolder.FOLDER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The self-contained folder in places where little is allowed, each made with namespaces of its own
 * for mounts and the network.
 */
final class ConfinedTest {

  /** What a user does in a day; {@code $q} is the program, in the directory of the images. */
  private static final String DAY =
      """
      $q create -q -f qcow2 empty.qcow2 8M
      $q convert -f raw -O qcow2 -c content.raw zlib.qcow2
      $q convert -f raw -O qcow2 -c -o compression_type=zstd content.raw zstd.qcow2
      $q create -q -f qcow2 -F qcow2 -b zstd.qcow2 overlay.qcow2
      $q check -q overlay.qcow2
      $q info overlay.qcow2 >info.txt
      $q convert -O raw overlay.qcow2 copy.raw
      $q compare -q zlib.qcow2 copy.raw
      $q snapshot -c first zlib.qcow2
      $q --version --verbose >version.txt
      """;

  private static final String BOXES =
      """
      export QCOW4J_HOME=$PWD/home
      $q box create web --from zlib.qcow2 >/dev/null
      $q box snapshot create web first >/dev/null
      $q box list | grep -q web
      $q box rm web --force >/dev/null
      """;

  private static final String LEFT_OF_THE_DAY =
      "content.raw copy.raw empty.qcow2 info.txt overlay.qcow2 version.txt zlib.qcow2 zstd.qcow2";

  @TempDir Path directory;

  @BeforeAll
  static void theFolderIsBuiltAndNamespacesCanBeMade() throws Exception {
    PackagedFolder.require();
    Path unshare = Path.of("/usr/bin/unshare");
    Process tried =
        Files.isExecutable(unshare)
            ? new ProcessBuilder(unshare.toString(), "--mount", "--net", "true").start()
            : new ProcessBuilder("false").start();
    boolean possible = tried.waitFor() == 0;
    if ("true".equals(System.getenv("CI"))) {
      assertThat(possible).as("namespaces can be made").isTrue();
    }
    assumeTrue(possible, "namespaces for mounts and the network are made by root");
  }

  /**
   * As nobody, from a read-only mount, in an empty environment, without a network, with a directory
   * for temporary files that does not serve, and nothing is left behind in it or elsewhere.
   */
  @ParameterizedTest
  @ValueSource(strings = {"ro", "noexec"})
  void worksWhereLittleIsAllowedAndLeavesNothingBehind(String temporary) throws Exception {
    String script =
        """
        mount --make-rprivate /
        mount --bind "$1" /mnt
        mount -o remount,bind,ro /mnt
        mount -t tmpfs -o noexec,mode=1777 tmpfs /media
        mount -t tmpfs -o %s,mode=1777 tmpfs /tmp
        mount -t tmpfs -o %s,mode=1777 tmpfs /var/tmp
        cd /media
        head -c 4000000 /mnt/runtime/lib/modules >content.raw
        truncate -s 8M content.raw
        cat >day.sh <<'END'
        set -e
        q=/mnt/bin/qcow4j
        %sEND
        setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH=/usr/bin:/bin sh day.sh
        rm day.sh
        find /tmp /var/tmp -mindepth 1
        rm -rf home
        echo $(ls -A)
        """
            .formatted(temporary, temporary, DAY + BOXES);

    assertThat(confined(script)).isEqualTo(new Outcome(0, LEFT_OF_THE_DAY + "\n", ""));
  }

  /**
   * Nothing is there but the folder, what libc installs, and a shell for the launcher; without that
   * too, what it sets and its last command do.
   */
  @Test
  void worksInARootDirectoryWithLibcAlone() throws Exception {
    String script =
        """
        mount --make-rprivate /
        PATH=$PATH:/usr/sbin:/sbin
        mount -t tmpfs tmpfs /mnt
        mkdir -p /mnt/qcow4j /mnt/bin /mnt/images
        mount --bind "$1" /mnt/qcow4j
        mount -o remount,bind,ro /mnt/qcow4j
        cp /bin/sh /mnt/bin/
        for file in $(find "$1" -name '*.so') "$1/runtime/bin/java" /bin/sh; do
          ldd "$file" || :
        done 2>/dev/null | grep -o '/[^ ]*' | grep -E '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread))\\.so[^/]*$' |
          sort -u | while read -r library; do
            mkdir -p "/mnt${library%%/*}"
            cp -L "$library" "/mnt$library"
          done
        cd /mnt/images
        head -c 4000000 "$1/runtime/lib/modules" >content.raw
        truncate -s 8M content.raw
        cat >/mnt/day.sh <<'END'
        set -e
        cd /images
        q=/qcow4j/bin/qcow4j
        %sEND
        env -i "$(command -v chroot)" /mnt /bin/sh /day.sh
        rm /mnt/bin/sh
        env -i LD_ORIGIN_PATH=/qcow4j/runtime/bin LC_ALL=C.UTF-8 "$(command -v chroot)" \\
          /mnt /qcow4j/runtime/bin/java @/qcow4j/lib/java.options \\
          -XX:AOTCache=/qcow4j/lib/qcow4j.aot -Djava.library.path=/qcow4j/lib/native \\
          -Dqcow4j.deflate=/qcow4j/lib/native/libdeflate.so -Dqcow4j.nothing-unpacked=true \\
          --module io.github.qcow4j.cli/io.github.qcow4j.cli.Main \\
          convert -O raw /images/overlay.qcow2 /images/second.raw
        cmp copy.raw second.raw
        rm second.raw
        echo $(ls -A)
        ls -A /mnt
        """
            .formatted(DAY);

    Outcome outcome = confined(script);

    assertThat(outcome.error()).isEmpty();
    assertThat(outcome.output().lines()).first().isEqualTo(LEFT_OF_THE_DAY);
    assertThat(outcome.output().lines()).contains("qcow4j").doesNotContain("tmp", "proc", "home");
  }

  private Outcome confined(String script) throws Exception {
    return PackagedFolder.run(
        directory,
        Map.of(),
        Path.of("/usr/bin/unshare"),
        "--mount",
        "--net",
        "sh",
        "-e",
        "-c",
        script,
        "sh",
        FOLDER.toString());
  }
}
