package io.github.qcow4j.cli.packaged;

import java.util.List;
import java.util.Map;

/** What is signalled, on the images and in the homes of a {@link SignalGround}. */
final class SignalledCommands {

  static final String SHRINK = "resize -q --shrink other.qcow2 200k";

  /** Two blanks enclose an empty word. */
  static final List<String> USUAL =
      List.of(
          "convert -O qcow2 disk.raw new.qcow2",
          "convert -c -O qcow2 disk.raw new.qcow2",
          "convert -n -O qcow2 disk.raw ready.qcow2",
          "convert -O raw top.qcow2 new.raw",
          "create -q -f qcow2 -o preallocation=full new.qcow2 1M",
          "dd -O qcow2 bs=4k if=top.qcow2 of=new.qcow2",
          "commit -q top.qcow2",
          "rebase -F qcow2 -b other.qcow2 top.qcow2",
          "rebase -b  top.qcow2",
          "flatten -q top.qcow2",
          SHRINK,
          "snapshot -c two kept.qcow2",
          "snapshot -a one kept.qcow2",
          "snapshot -d one kept.qcow2",
          "amend -o compat=0.10 other.qcow2",
          "amend -o cluster_size=64k other.qcow2",
          "check -q -r all leaking.qcow2",
          "bitmap --merge one marked.qcow2 two",
          "bench -w -c 40 -d 4 -s 4k --pattern=7 other.qcow2",
          "checksum top.qcow2",
          "compare top.qcow2 disk.raw",
          "verify other.qcow2",
          "box --home=home create two --from base.qcow2",
          "box --home=home rename web other",
          "box --home=home snapshot create web one",
          "box --home=home snapshot rm web old --merge",
          "box --home=home clone web copy --snapshot old",
          "box --home=home clone --from-dir=golden copy",
          "box --home=home restore web old --keep present",
          "box --home=home export web -o new.boxlite",
          "box --home=home export web --snapshot old --to-dir new",
          "box --home=home import web.boxlite --name=copy",
          "box --home=home gc --keep 0",
          "box --home=littered gc",
          "box --home=littered check --repair");

  /** What is much like others, and what only reads: for a long run. */
  static final List<String> MORE =
      List.of(
          "create -q -f raw -o preallocation=full new.raw 1M",
          "rebase -u -F qcow2 -b other.qcow2 ready.qcow2",
          "resize -q --preallocation=full other.qcow2 1200k",
          "bench -c 40 -d 4 -s 4k other.qcow2",
          "check -q other.qcow2",
          "map top.qcow2",
          "measure -O qcow2 top.qcow2",
          "info kept.qcow2",
          "chain top.qcow2",
          "box --home=home create two --size 1M",
          "box --home=home rm twin",
          "box --home=home clone web copy --full",
          "box --home=home restore web old",
          "box --home=home list");

  /**
   * By the command, the one image whose guest sees how far a job has come: it is changed in place.
   */
  private static final Map<String, String> CHANGING =
      Map.of("commit", "base.qcow2", "bench", "other.qcow2", "convert", "ready.qcow2");

  /** What is made for use elsewhere, and the words that use it. */
  static final Map<String, List<String>> USES =
      Map.of(
          "new.boxlite", List.of("box", "--home=home", "import", "new.boxlite", "--name=used"),
          "new", List.of("box", "--home=home", "clone", "--from-dir=new", "used"));

  private SignalledCommands() {}

  static boolean changesInPlace(List<String> words, String image) {
    return image.equals(CHANGING.get(words.getFirst()));
  }

  /**
   * A merge into several images is done for one after the other: each of them whole, or as it was.
   */
  static boolean goesInSteps(List<String> words) {
    return words.contains("--merge") && words.getFirst().equals("box");
  }
}
