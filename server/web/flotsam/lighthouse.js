/** The window of a lighthouse nearby: mend the hull for gold, keep the light for oil. Knows the document, not the server. */

import { readable } from "./labels.js";
import { amountIn, byId, press, submit, write } from "./page.js";

export class LighthouseWindow {
  /** `order(command, args)`: gives a command. */
  constructor(order) {
    this.id = 0;
    submit("pay-form", () => order("pay", { lighthouse: this.id, gold: Math.max(1, amountIn("pay-gold")) }));
    submit("kindle-form", () => order("kindle", { lighthouse: this.id, oil: Math.max(1, amountIn("kindle-oil")) }));
    press("light-close", () => this.close());
  }

  get isOpen() {
    return !byId("light").hidden;
  }

  /** Opens for a lighthouse of the scene; the amounts are what it takes, as far as the boat has it. */
  open({ id, fields }, boat, avatar) {
    this.id = id;
    byId("light").hidden = false;
    byId("pay-gold").value = Math.max(1, Math.min(boat.gold, Math.ceil((100 - boat.hull) / 10)));
    byId("kindle-oil").value = fields.keeper === avatar ? 1 : fields.pledge + 1;
    this.update(fields, avatar);
    byId("pay-gold").focus();
  }

  update({ name, keeper, keeper_name: keeperName, pledge }, avatar) {
    const state = keeper === 0 ? "Nobody keeps it." : keeper === avatar ? `You keep it, with ${pledge} oil pledged.` : `${readable(keeperName)} keeps it, with ${pledge} oil pledged.`;
    write({ "light-name": name, "light-state": state });
  }

  close() {
    byId("light").hidden = true;
    if (byId("light").contains(document.activeElement)) document.activeElement.blur();
  }
}
