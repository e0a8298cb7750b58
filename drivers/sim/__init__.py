"""The far ends: peers on the wire of each driver, obeying the device's rules, with a fault menu. They ship."""
