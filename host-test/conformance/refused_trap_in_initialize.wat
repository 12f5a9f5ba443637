;; _initialize traps.
(func (export "_initialize") (unreachable))
